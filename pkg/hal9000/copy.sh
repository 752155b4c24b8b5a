# Copies the volumes below /from into /to, which is empty, and makes all of it $1's
# (uid:gid). It may be killed anywhere and run again: a copy is made whole in a
# directory of /to, gets its second name in one step, and only then is moved up.
set -eu
part=.hal-import.part whole=.hal-import
cd /to
rm -rf "$part"
if [ ! -d "$whole" ]; then
	[ -z "$(ls -A)" ] || exit 10
	[ -n "$(find /from -mindepth 2 -print -quit)" ] || exit 11
	mkdir "$part"
	for volume in /from/*; do
		cp --archive --update=none "$volume/." "$part/"
	done
	chown --recursive --no-dereference "$1" "$part"
	sync --file-system .
	mv "$part" "$whole"
fi
find "$whole" -mindepth 1 -maxdepth 1 -exec mv --no-clobber --target-directory=. {} +
rmdir "$whole"
chown "$1" .

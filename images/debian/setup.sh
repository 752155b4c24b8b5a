#!/bin/sh
# Runs as root inside a new root file system of Debian in which root/ has been
# laid and the packages are installed: adds the user that workers run as, and
# takes away what root/etc/dpkg/dpkg.cfg.d/hal-slim excludes, for the packages
# that were unpacked before it was there.
set -eu

groupadd --gid 1001 claude
useradd --uid 1001 --gid 1001 --create-home --shell /bin/bash claude
install -d -o claude -g claude -m 755 /workspace
# What is in memory there has this mode: where an image does not have the directory,
# engines give it mode 755 once a container is started again.
install -d -m 1777 /run/secrets

# excluded: the files of packages that the last matching line excludes, as dpkg
# has it.
excluded() {
	cat /var/lib/dpkg/info/*.list | sort -u | awk -v rules=/etc/dpkg/dpkg.cfg.d/hal-slim '
		function pattern(glob) {
			gsub(/[.+]/, "\\\\&", glob)
			gsub(/\*/, ".*", glob)
			gsub(/\?/, ".", glob)
			return "^" glob "$"
		}
		BEGIN {
			while ((getline line <rules) > 0) {
				if (split(line, word, " ") != 2 || word[1] !~ /^path-/) continue
				excludes[++n] = word[1] == "path-exclude"
				matches[n] = pattern(word[2])
			}
		}
		{
			out = 0
			for (i = 1; i <= n; i++) if ($0 ~ matches[i]) out = excludes[i]
			if (out) print
		}'
}

excluded | while read -r path; do
	[ -d "$path" ] && [ ! -L "$path" ] || rm -f "$path"
done
find /usr/share/doc /usr/share/info /usr/share/lintian /usr/share/locale /usr/share/man /usr/share/perl /usr/lib/*/perl \
	-mindepth 1 -type d -empty -delete
hal-slim

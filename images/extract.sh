#!/bin/sh
# extract.sh takes a part of a Debian root file system: it runs inside a container
# of hal/debian, reads the names of hal/base's packages from $BASE, and writes a
# tar archive to standard output.
#
#   extract.sh base             those packages alone: what hal/base is made of
#   extract.sh rest             all that hal/base does not have
#   extract.sh more PACKAGE...  these packages, newly installed, and the libraries
#                               that they need and hal/base does not have
#
# A part keeps the package database's entries for what it has, so that a scanner
# sees them, but neither apt nor dpkg unless it is the rest.
set -eu

# What no package lists and every part of hal/base has: users, certificates, the
# names that commands go by, empty directories.
unlisted='
	/etc/alternatives/awk /usr/bin/awk /etc/alternatives/which /usr/bin/which
	/etc/environment /etc/group /etc/gshadow /etc/mtab /etc/nsswitch.conf
	/etc/passwd /etc/profile /etc/shadow /etc/shells
	/bin /lib /lib64 /run/secrets /sbin /var/lib/dpkg'
trees='/etc/ssl/certs /home /root /usr/local/bin /workspace'

# files_of PACKAGE... prints the paths that exist of these packages, each by its
# real directory: / has links to /usr for what moved there.
files_of() {
	dpkg-query --listfiles "$@" | sed -E 's#^/(bin|sbin|lib|lib64)/#/usr/\1/#' | sort -u | existing
}

existing() {
	while read -r path; do
		if [ -e "$path" ] || [ -L "$path" ]; then echo "$path"; fi
	done
}

base_files() {
	# shellcheck disable=SC2086 # lists of words
	{ files_of $BASE; printf '%s\n' $unlisted; find $trees; } | sort -u
}

installed() {
	dpkg-query --show --showformat '${Package}\n' | sort
}

# archive DATABASE: the paths from standard input, and this package database.
archive() {
	sed 's#^/##; /^\.\{0,1\}$/d' |
		tar --create --numeric-owner --no-recursion --sort=name --directory=/ --files-from=- \
			--directory="$1" var/lib/dpkg/status
}

# database PACKAGE... makes a package database of only these and prints where.
database() {
	root=$(mktemp -d)
	mkdir -p "$root/var/lib/dpkg"
	dpkg-query --status "$@" >"$root/var/lib/dpkg/status"
	echo "$root"
}

base() {
	# shellcheck disable=SC2086
	base_files | archive "$(database $BASE)"
}

rest() {
	base_files >/tmp/base
	find / -xdev -path /tmp -prune -o -path /dev -prune -o -path /.dockerenv -prune -o \
		! -path /etc/hostname ! -path /etc/hosts ! -path /etc/resolv.conf \
		! -path /var/lib/dpkg/status -print |
		sort | comm -13 /tmp/base - | archive /
}

# libraries_of PACKAGE... prints the packages of the libraries that these link to.
libraries_of() {
	files_of "$@" | grep -E '/bin/|\.so' | xargs ldd 2>/dev/null |
		awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u | xargs realpath |
		xargs dpkg-query --search | sed 's/:.*//'
}

more() {
	installed >/tmp/before
	{
		apt-get -qq update
		apt-get -qq --yes install --no-install-recommends "$@"
	} >&2
	installed | comm -13 /tmp/before - >/tmp/new
	# shellcheck disable=SC2046
	libraries_of $(cat /tmp/new) | sort -u - /tmp/new >/tmp/needed
	# shellcheck disable=SC2086
	printf '%s\n' $BASE | sort | comm -13 - /tmp/needed >/tmp/added
	base_files >/tmp/base
	# shellcheck disable=SC2046,SC2086
	files_of $(cat /tmp/added) | comm -13 /tmp/base - | archive "$(database $BASE $(cat /tmp/added))"
}

export LC_ALL=C DEBIAN_FRONTEND=noninteractive
verb=$1
shift
"$verb" "$@"

#!/bin/sh
# Runs as root inside a new root file system of Debian and makes it hal/base:
# adds the user that workers run as, and takes away what only a person at a
# terminal of a full system would read. The copyright files stay.
set -eu

groupadd --gid 1001 claude
useradd --uid 1001 --gid 1001 --create-home --shell /bin/bash claude

# Packages that a later image adds start no services and stay as small as these.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
cat >/etc/apt/apt.conf.d/hal-slim <<'END'
APT::Install-Recommends "false";
Acquire::Languages "none";
END
cat >/etc/dpkg/dpkg.cfg.d/hal-slim <<'END'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
END

find /usr/share/doc ! -name copyright ! -type d -delete
find /usr/share/doc -mindepth 1 -type d -empty -delete
find /var/cache/apt /var/lib/apt/lists /var/log -type f -delete
rm -rf /usr/share/info/* /usr/share/locale/* /usr/share/man/* \
	/var/cache/debconf/*-old /var/lib/dpkg/*-old /etc/*-

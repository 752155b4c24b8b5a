# What the images get from Debian. What they get from npm is pinned by
# package.json and package-lock.json beside this file: see README.md.

# The Debian release.
DEBIAN_SUITE := trixie

# A change of it makes all images anew, with the packages that Debian's mirrors
# have by then: Debian fixes bugs within a release without a name for the result.
DEBIAN_SERIAL := 2026-11-24

# The image that the images are made from where it can be pulled: the digest of
# its multi-platform index, so that everyone gets the same bits. To renew it:
#   docker pull debian:trixie-slim
#   docker image inspect --format '{{index .RepoDigests 0}}' debian:trixie-slim
# Empty: they are always made from Debian's packages, with debootstrap.
DEBIAN_IMAGE := debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f

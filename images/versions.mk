# What the images are made from.

# The Debian release of hal/base.
DEBIAN_SUITE := trixie

# The image that hal/base is made from where it can be pulled: the digest of its
# multi-platform index, so that everyone gets the same bits. To renew it:
#   docker pull debian:trixie-slim
#   docker image inspect --format '{{index .RepoDigests 0}}' debian:trixie-slim
# Empty: hal/base is always made from Debian's packages, with debootstrap.
DEBIAN_IMAGE := debian:trixie-slim@sha256:a29215f6a35e51e22adffa17f89e9d2ef06214e64a2bad10d765c46aea49f11f

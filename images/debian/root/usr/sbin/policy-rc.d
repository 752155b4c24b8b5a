#!/bin/sh
# Packages that an image adds start no services.
exit 101

#!/usr/bin/env bash
# sbom.sh DIRECTORY writes the bill of materials of each image there, as CycloneDX,
# where it is missing or of another image than the one that is there now.
set -euo pipefail

hal=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/bin/hal-controller
mkdir -p "$1"
docker image ls --no-trunc --filter reference='hal/*:latest' --format '{{.Repository}} {{.ID}}' |
	while read -r image id; do
		file=$1/${image#hal/}.cdx.json
		grep -qsF "\"$id\"" "$file" && continue
		echo "==> $image: writing $file"
		"$hal" images sbom "$image" >"$file.new" </dev/null
		mv "$file.new" "$file"
	done

#!/usr/bin/env bash
# Pins, with hashes, everything that requirements.in needs, here and for
# verify-trees, for every platform that has wheels. The argument is the version
# of uv, which resolves it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=.cache/uv-$1/bin/python
if [ ! -x "$python" ]; then
	python3 -m venv ".cache/uv-$1"
	"$python" -m pip install --quiet --disable-pip-version-check "uv==$1"
fi
for folder in . runtime/trees/verify; do
	UV_CUSTOM_COMPILE_COMMAND="make requirements" "$python" -m uv pip compile --quiet \
		--universal --python-version 3.11 --only-binary :all: --generate-hashes \
		--no-emit-index-url --output-file "$folder/requirements.txt" "$folder/requirements.in"
done

#!/usr/bin/env bash
# Checks the tree engine against the newest releases of the libraries that train
# trees: trains a grid of models in an environment of its own, below
# .cache/verify-trees, and compares what the engine answers with what they do.
# The argument "smoke" takes a part of the grid and fewer rows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

part=${1:-full}
case $part in
smoke) flags=(--smoke) ;;
full) flags=() ;;
*)
	echo "verify-trees: VERIFY is smoke or full, not $part" >&2
	exit 2
	;;
esac

folder=.cache/verify-trees
venv=$folder/venv
wanted=$(cat runtime/trees/verify/*.txt | cksum)
if [ ! -x "$venv/bin/python" ] || [ "$(cat "$venv/requirements.cksum" 2>/dev/null)" != "$wanted" ]; then
	echo "verify-trees: installing the libraries into $venv (some 1.5 GB on disk)" >&2
	"${PYTHON:-python3}" -m venv --clear "$venv"
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement runtime/trees/verify/requirements.txt
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --no-deps --ignore-requires-python \
		--requirement runtime/trees/verify/newest.txt
	echo "$wanted" >"$venv/requirements.cksum"
fi

rm -rf "$folder/cases"
export PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" runtime/trees/verify/train.py "$folder/cases" "${flags[@]}"
"${GO:-go}" run ./runtime/trees/verify "$folder/cases"
rm -rf "$folder/cases"

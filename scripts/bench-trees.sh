#!/usr/bin/env bash
# Prepares the models of bench/trees in .cache/bench-trees and measures. What is
# there already is kept: the first run takes some ten minutes, most of them to
# train 1000x10 and to compile it. Arguments go to the program.
#   scripts/bench-trees.sh [--smoke]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

data=.cache/bench-trees
python=.venv/bin/python
say() { echo "bench-trees: $*" >&2; }

if [ "$(uname -s)" != Linux ]; then
	say "only on Linux"
	exit 0
fi
if [ "${1:-}" = --smoke ]; then
	shift
	"$python" bench/trees/train.py --out "$data-smoke" --only 50x4 --rows 2000
	exec ${GO:-go} run ./bench/trees -data "$data-smoke" -only 50x4 -rounds 2 -window 200us "$@"
fi

# compile has tl2cgen in an environment of its own, since nothing else needs it.
compile() {
	if [ ! -x "$data/venv/bin/tl2cgen-is-there" ]; then
		"$python" -m venv --clear "$data/venv"
		"$data/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
			--only-binary :all: tl2cgen==1.0.0 treelite==4.8.1
		ln -s python "$data/venv/bin/tl2cgen-is-there"
	fi
	"$data/venv/bin/python" bench/trees/compile.py --out "$data" 2>"$data/compile.log"
}

"$python" bench/trees/train.py --out "$data"
compile || say "tl2cgen does not take part: see $data/compile.log"
${GO:-go} build -o "$data/trees" ./bench/trees
exec "$data/trees" -data "$data" "$@"

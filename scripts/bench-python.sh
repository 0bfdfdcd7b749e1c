#!/usr/bin/env bash
# Compares models in Python behind leat with the same models behind MLServer and
# MLRun, which are installed below .cache: bench/README.md says how. Flags are
# those of bench/cmd/bench.
#   NUCLIO=DIR     with MLRun behind nuclio's Python wrapper, too: the folder has
#                  _nuclio_wrapper.py and wrapper_common.py of nuclio's repository
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "bench-python: $*" >&2; }

# install NAME PYTHON makes an environment with what bench/python/NAME.txt names,
# unless it is there already, and prints the path of its Python.
install() {
	local venv=.cache/bench-python/$1 file=bench/python/$1.txt want
	want=$(cksum <"$file")
	if [ "$(cat "$venv/installed" 2>/dev/null)" != "$want" ]; then
		say "installing $1 into $venv"
		"$2" -m venv --clear "$venv"
		"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$file"
		echo "$want" >"$venv/installed"
	fi
	echo "$PWD/$venv/bin/python"
}

# packages PYTHON prints where its packages are.
packages() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

mlserver=$(install mlserver "${PYTHON:-python3}")
mlrun=$(INSTALL=1 scripts/verify-mlrun.sh)
# MLRun with a scikit-learn that goes with its numpy, in an environment of its
# own, since MLRun's is what comparisons with it are made in.
both=$(install mlrun-sklearn "$mlrun")
packages "$mlrun" >"$(packages "$both")/mlrun.pth"

nuclio=()
if [ -n "${NUCLIO:-}" ]; then
	nuclio=(-nuclio "$(realpath "$NUCLIO")")
fi

exec "${GO:-go}" run ./bench/cmd/bench -suite python -mlserver "$mlserver" -mlrun "$both" "${nuclio[@]}" "$@"

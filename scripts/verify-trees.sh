#!/usr/bin/env bash
# Checks the tree engine against the newest releases of the libraries that train
# trees: trains a grid of models in an environment of its own, below
# .cache/verify-trees, and compares what the engine answers with what they do.
# The argument "smoke" takes a part of the grid and fewer rows, "older" has
# releases of other years train the grid.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

part=${1:-full}
folder=.cache/verify-trees
export PYTHONDONTWRITEBYTECODE=1

# compare trains with the Python of an environment and checks what it wrote.
compare() {
	local venv=$1
	shift
	rm -rf "$folder/cases"
	"$venv/bin/python" runtime/trees/verify/train.py "$folder/cases" "$@"
	"${GO:-go}" run ./runtime/trees/verify "$folder/cases"
	rm -rf "$folder/cases"
}

newest() {
	local venv=$folder/venv wanted
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
	compare "$venv" "$@"
}

# older compares with one release of one library.
older() {
	local module=$1 release=$2 venv=$folder/venv-$2
	if [ ! -f "$venv/installed" ]; then
		echo "verify-trees: installing $release into $venv" >&2
		"${PYTHON:-python3}" -m venv --clear "$venv"
		"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
			"$release" numpy==1.26.4 scipy==1.15.3
		touch "$venv/installed"
	fi
	compare "$venv" "--only=$module"
}

case $part in
full) newest ;;
smoke) newest --smoke ;;
older)
	older xgboost_models xgboost==1.7.6
	older xgboost_models xgboost-cpu==2.1.4
	older lightgbm_models lightgbm==3.3.5
	;;
*)
	echo "verify-trees: VERIFY is full, smoke or older, not $part" >&2
	exit 2
	;;
esac

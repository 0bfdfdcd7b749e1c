#!/usr/bin/env bash
# Runs specs through the real MLRun, in a Python environment of its own below
# .cache, and compares what leat answers (docs/mlrun-compatibility.md).
#   MLRUN=newest   the newest release, instead of the one in
#                  conformance/verify/requirements.txt
#   RECORD=1       keep MLRun's answers for the tests that run without it
#   ONLY=regexp    only specs of such names: to see what MLRun answers, without
#                  comparing
#   INSTALL=1      only install it, and print the path of its Python
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "verify-mlrun: $*" >&2; }
fail() {
	say "$*"
	exit 1
}

# find_python prints a Python that MLRun works with.
find_python() {
	local name
	for name in ${PYTHON:-python3.11 python3.10 python3}; do
		if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info < (3, 12))' 2>/dev/null; then
			echo "$name"
			return
		fi
	done
	fail "Python 3.10 or 3.11 is needed, with venv: MLRun has no releases for others; name one with PYTHON=..."
}

case ${MLRUN:-pinned} in
pinned) venv=.cache/verify-mlrun want=$(cksum <conformance/verify/requirements.txt) ;;
newest) venv=.cache/verify-mlrun-newest want=$(date +%F) ;; # looked for once a day
*) fail "MLRUN is newest or not set, found $MLRUN" ;;
esac

# install makes the environment, unless it is what is wanted already.
install() {
	[ "$(cat "$venv/installed" 2>/dev/null)" = "$want" ] && return
	local python
	python=$(find_python)
	say "installing MLRun into $venv (some 540 MB on disk)"
	"$python" -m venv --clear "$venv"
	if [ "${MLRUN:-pinned}" = pinned ]; then
		"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
			--no-deps --requirement conformance/verify/requirements.txt
	else
		"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade mlrun
	fi
	echo "$want" >"$venv/installed"
}

install
if [ -n "${INSTALL:-}" ]; then
	echo "$PWD/$venv/bin/python"
	exit
fi
if [ -z "${ONLY:-}" ]; then
	leat=$PWD/$venv/leat
	${GO:-go} build -o "$leat" ./cmd/leat
	"$venv/bin/python" -B conformance/verify/artifacts.py "$leat"
fi
answers=$PWD/$venv/answers.jsonl
"$venv/bin/python" -B conformance/verify/driver.py "$answers"
if [ -n "${ONLY:-}" ]; then
	cat "$answers"
	exit
fi
LEAT_MLRUN_ANSWERS=$answers ${GO:-go} test -count 1 ./conformance -run '^TestVerifyMLRun$' -v |
	grep -v -e '^=== ' -e '--- PASS'
LEAT_PYARROW=$PWD/$venv/bin/python ${GO:-go} test -count 1 ./cmd/leat -run '^TestRecordRows$' -v |
	grep -v -e '^=== ' -e '--- PASS'
if [ -n "${RECORD:-}" ]; then
	[ "${MLRUN:-pinned}" = pinned ] || fail "the answers of the pinned MLRun are kept, not those of $MLRUN"
	cp "$answers" conformance/verify/answers.jsonl
	say "kept the answers in conformance/verify/answers.jsonl"
fi

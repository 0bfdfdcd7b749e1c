#!/usr/bin/env bash
# Triton, MLServer and leat with the same models in Python, asked the same: see
# docs/protocol-compatibility.md, which RECORD=1 writes anew. The others are installed
# below .cache/differential: MLServer, and nvidia-pytriton, which has Triton's server
# with its Python backend in it. That runs on Linux with glibc 2.35 or newer, on x86-64,
# and needs libpython of the version of PYTHON (on Debian the package libpython3.11).
# INSTALL=1 installs them and prints the environment that names them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
dir=$PWD/.cache/differential
files=$PWD/conformance/differential

# install NAME makes a virtual environment with what NAME.txt names, unless it is
# there already.
install() {
	local want venv=$dir/$1
	want=$(cksum <"$files/$1.txt")
	if [ "$(cat "$venv/installed" 2>/dev/null)" != "$want" ]; then
		echo "verify-differential: installing $1 into $venv" >&2
		"$python" -m venv --clear "$venv"
		"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$files/$1.txt" >&2
		echo "$want" >"$venv/installed"
	fi
}

version() { sed -n "s/^$2==//p" "$files/$1.txt"; }

install triton
install mlserver
packages=$("$dir/triton/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
minor=$("$dir/triton/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
server=$packages/pytriton/tritonserver

# The backend looks for the program that runs models beside itself, as it does for the
# packages that models import: it takes no notice of PYTHONPATH.
# The program may be running for somebody else: what is there is replaced, not written.
stub=triton_python_backend_stub
if ! cmp -s "$server/python_backend_stubs/$minor/$stub" "$server/backends/python/$stub"; then
	cp "$server/python_backend_stubs/$minor/$stub" "$server/backends/python/$stub.new"
	mv "$server/backends/python/$stub.new" "$server/backends/python/$stub"
fi
ln -sfn "$packages/numpy" "$server/backends/python/numpy"
ln -sfn "$packages/numpy.libs" "$server/backends/python/numpy.libs"
if ldd "$server/backends/python/$stub" | grep -q 'libpython.*not found'; then
	echo "verify-differential: there is no libpython$minor, which Triton's Python backend needs: on Debian, apt-get install libpython$minor" >&2
	exit 1
fi

export LEAT_TRITON=$packages LEAT_MLSERVER=$dir/mlserver/bin/python
LEAT_TRITON_VERSION="2.51.0 (nvidia-pytriton $(version triton nvidia-pytriton))"
LEAT_MLSERVER_VERSION=$(version mlserver mlserver)
export LEAT_TRITON_VERSION LEAT_MLSERVER_VERSION
if [ -n "${INSTALL:-}" ]; then
	echo "LEAT_TRITON=$LEAT_TRITON LEAT_MLSERVER=$LEAT_MLSERVER"
	exit
fi
LEAT_DIFFERENTIAL_RECORD=${RECORD:-} exec "${GO:-go}" test -count 1 -timeout 20m ./conformance -run '^TestDifferential$' -v

#!/usr/bin/env bash
# Installs what a fresh machine lacks, into this folder only:
#   .venv/                   a Python environment with what requirements.txt pins
#   lib/libonnxruntime.so    the ONNX Runtime library (.dylib on macOS)
# Packages come from the package index that pip is configured for. A second run
# finds everything in place and does nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv
stamp=$venv/requirements.sha256
python=$venv/bin/python
case $(uname -s) in
Darwin) library=lib/libonnxruntime.dylib ;;
*) library=lib/libonnxruntime.so ;;
esac

say() { echo "setup: $*" >&2; }
fail() {
	say "$*"
	exit 1
}

sha256() {
	if command -v sha256sum >/dev/null; then
		sha256sum "$1"
	else
		shasum -a 256 "$1"
	fi | cut -d ' ' -f 1
}

# find_python prints the first Python that is new enough.
find_python() {
	local name
	for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
		if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			echo "$name"
			return
		fi
	done
	fail "Python 3.11 or newer is needed: install it (Debian: apt-get install python3 python3-venv; macOS: brew install python), or name one with PYTHON=..."
}

python_is_current() {
	[ -x "$python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(sha256 requirements.txt)" ]
}

install_python() {
	local base
	base=$(find_python)
	"$base" -c 'import venv, ensurepip' 2>/dev/null ||
		fail "$base has no venv module: install it (Debian: apt-get install python3-venv)"
	say "installing the packages of requirements.txt into $venv (some 450 MB on disk)"
	"$base" -m venv --clear "$venv"
	"$python" -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement requirements.txt
	"$python" -m pip check --disable-pip-version-check >&2
	"$python" -c 'import lightgbm, xgboost' ||
		fail "the tree libraries do not load: they need the OpenMP library (Debian: apt-get install libgomp1; macOS: brew install libomp)"
	sha256 requirements.txt >"$stamp"
}

# wheel_library prints the path of the library that the wheel carries, or
# nothing where the platform has no wheel.
wheel_library() {
	"$python" - <<-'EOF'
		import importlib.util, pathlib
		spec = importlib.util.find_spec("onnxruntime")
		if spec is not None:
		    capi = pathlib.Path(spec.submodule_search_locations[0], "capi")
		    for file in sorted(capi.glob("libonnxruntime.*")):
		        print(file)
		        break
	EOF
}

# verify compares a library with the checksum kept for its version and
# platform, and fails where none is kept.
verify() {
	local file=$1 platform=$2 want
	want=$(awk -v p="$platform" '$2 == p { print $1 }' scripts/onnxruntime.sha256)
	[ -n "$want" ] || fail "scripts/onnxruntime.sha256 has no checksum for $platform"
	[ "$(sha256 "$file")" = "$want" ] || fail "$file is not the library that scripts/onnxruntime.sha256 names for $platform"
}

install_library() {
	local version source
	source=$(wheel_library)
	if [ -z "$source" ]; then
		say "no ONNX Runtime package for $(uname -s) $(uname -m): ONNX models will not load until a library of version 1.24 or newer is at $library"
		return
	fi
	version=$("$python" -c 'import importlib.metadata as m; print(m.version("onnxruntime"))')
	verify "$source" "$version-$(uname -s)-$(uname -m)"
	mkdir -p lib
	cp "$source" "$library.new"
	mv "$library.new" "$library"
	say "ONNX Runtime $version is at $library"
}

changed=no
if ! python_is_current; then
	install_python
	# A library of ours follows the requirements; one put there by hand stays.
	if [ -f lib/installed-by-setup ]; then rm -f "$library"; fi
	changed=yes
fi
if [ ! -e "$library" ]; then
	install_library
	if [ -e "$library" ]; then touch lib/installed-by-setup; fi
	changed=yes
fi
if [ "$changed" = no ]; then say "everything is in place"; fi

#!/usr/bin/env bash
# Clients that are not ours against a server of examples/quickstart: Triton's and
# KServe's for Python, and grpcurl, installed below .cache/clients. KServe's needs
# some 500 MB; without it (KSERVE=0) the others run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dir=$PWD/.cache/clients
clients=conformance/clients
grpcurl=v1.9.4
python=${PYTHON:-python3}

mkdir -p "$dir"
# venv makes a virtual environment with the packages of requirements-grpc.txt
# that match a pattern, unless it is there already.
venv() {
	local want
	want=$(grep "^$2" $clients/requirements-grpc.txt)
	if [ "$(cat "$dir/$1/installed" 2>/dev/null)" != "$want" ]; then
		rm -rf "${dir:?}/$1"
		"$python" -m venv "$dir/$1"
		"$dir/$1/bin/pip" install --quiet --disable-pip-version-check "$want"
		echo "$want" >"$dir/$1/installed"
	fi
}

venv triton tritonclient
[ "${KSERVE:-1}" = 0 ] || venv kserve kserve
[ -x "$dir/grpcurl-$grpcurl" ] || {
	GOBIN=$dir go install github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl
	mv "$dir/grpcurl" "$dir/grpcurl-$grpcurl"
}

go build -o "$dir/leat" ./cmd/leat
"$dir/leat" serve examples/quickstart --http 127.0.0.1:0 --grpc 127.0.0.1:0 --admin 127.0.0.1:0 \
	--data "$dir/data" >"$dir/out" 2>"$dir/err" &
server=$!
trap 'kill $server 2>/dev/null; wait $server || true' EXIT
for _ in $(seq 300); do
	at=$(sed -n 's|^grpc  *grpc://||p' "$dir/out")
	[ -z "$at" ] || break
	sleep 0.1
done
web=$(sed -n 's|^serving  *http://||p' "$dir/out")
[ -n "$at" ] || {
	cat "$dir/err" >&2
	exit 1
}

"$dir/triton/bin/python" $clients/triton_grpc.py "$at"
"$dir/triton/bin/python" $clients/triton_http.py "$web"
[ "${KSERVE:-1}" = 0 ] || "$dir/kserve/bin/python" $clients/kserve_grpc.py "$at"
$clients/grpcurl.sh "$dir/grpcurl-$grpcurl" "$at"

#!/usr/bin/env bash
# Triton's and MLServer's clients against models that answer many times, of
# conformance/clients/streams. They are installed below .cache/clients.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dir=$PWD/.cache/clients
clients=conformance/clients
mkdir -p "$dir"
for package in tritonclient mlserver; do
	want=$(grep "^$package" $clients/requirements-grpc.txt)
	venv=$dir/${package%client}
	if [ "$(cat "$venv/installed" 2>/dev/null)" != "$want" ]; then
		rm -rf "${venv:?}"
		"${PYTHON:-python3}" -m venv "$venv"
		"$venv/bin/pip" install --quiet --disable-pip-version-check "$want"
		echo "$want" >"$venv/installed"
	fi
done

go build -o "$dir/leat-streams" ./cmd/leat
: >"$dir/streams.out"
PATH=$PWD/.venv/bin:$PATH "$dir/leat-streams" serve $clients/streams/server.yaml --http 127.0.0.1:0 --grpc 127.0.0.1:0 \
	--admin 127.0.0.1:0 --data "$dir/data-streams" >"$dir/streams.out" 2>"$dir/streams.err" &
server=$!
trap 'kill $server 2>/dev/null; wait $server || true' EXIT
at=
for _ in $(seq 600); do
	at=$(sed -n 's|^grpc  *grpc://||p' "$dir/streams.out")
	[ -z "$at" ] || break
	sleep 0.1
done
[ -n "$at" ] || {
	cat "$dir/streams.err" >&2
	exit 1
}
web=$(sed -n 's|^serving  *http://||p' "$dir/streams.out")
"$dir/triton/bin/python" $clients/streams/triton_streams.py "$at" "$web"
"$dir/mlserver/bin/python" $clients/streams/mlserver_streams.py "$at" "$web"

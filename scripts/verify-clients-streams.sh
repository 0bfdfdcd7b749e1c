#!/usr/bin/env bash
# Triton's and MLServer's clients against models that answer many times, of
# conformance/clients/streams. They are installed below .cache/clients.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

dir=$PWD/.cache/clients
clients=conformance/clients
mkdir -p "$dir"
environment "$dir/triton" "$(grep ^tritonclient $clients/requirements-grpc.txt)"
environment "$dir/mlserver" "$(grep ^mlserver $clients/requirements-grpc.txt)"

go build -o "$dir/leat-streams" ./cmd/leat
trap stop EXIT
: >"$dir/streams.out"
PATH=$PWD/.venv/bin:$PATH "$dir/leat-streams" serve $clients/streams/server.yaml --http 127.0.0.1:0 --grpc 127.0.0.1:0 \
	--admin 127.0.0.1:0 --data "$dir/data-streams" >"$dir/streams.out" 2>"$dir/streams.err" &
servers+=($!)
at=$(await "$dir/streams.out" "$grpcLine" $! "$dir/streams.err")
web=$(await "$dir/streams.out" "$httpLine" $! "$dir/streams.err")
"$dir/triton/bin/python" -B $clients/streams/triton_streams.py "$at" "$web"
"$dir/mlserver/bin/python" -B $clients/streams/mlserver_streams.py "$at" "$web"

#!/usr/bin/env bash
# Runs the suite of artifact/buckets, and a model pushed and served, against a real
# S3 server: versitygw, built below .cache from the Go module proxy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VERSION=v1.8.0
gateway=$PWD/.cache/versitygw-$VERSION/versitygw
if [ ! -x "$gateway" ]; then
	echo "verify-buckets: building versitygw $VERSION" >&2
	mkdir -p "$(dirname "$gateway")"
	GOFLAGS=-mod=mod GOBIN=$(dirname "$gateway") ${GO:-go} install "github.com/versity/versitygw/cmd/versitygw@$VERSION"
fi

folder=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir "$folder/data"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export AWS_ACCESS_KEY_ID=leat AWS_SECRET_ACCESS_KEY=s3cret-s3cret AWS_REGION=us-east-1
ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY \
	"$gateway" --port "127.0.0.1:$port" --quiet posix "$folder/data" >"$folder/log" 2>&1 &
pid=$!
mkdir "$folder/data/models" # a bucket is a folder
for _ in $(seq 300); do
	python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null && break
	kill -0 "$pid" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
	sleep 0.1
done

endpoint=http://127.0.0.1:$port
LEAT_BUCKETS="s3://models?endpoint=$endpoint" ${GO:-go} test -count 1 ./artifact/buckets -run '^TestReal$' -v | grep -v '^=== '

leat=${LEAT:-$folder/leat}
[ -n "${LEAT:-}" ] || ${GO:-go} build -o "$leat" ./cmd/leat
export S3_ENDPOINT_URL=$endpoint LEAT_DATA=$folder/leat-data
"$leat" model push examples/quickstart/diabetes.ubj --key m --tag v1 --artifacts s3://models/pushed
cat >"$folder/spec.yaml" <<'YAML'
function_uri: default/f
graph:
  kind: router
  routes:
    m: {class_name: XGBoostModelServer, class_args: {model_path: "store://models/m:v1"}}
YAML
ask() {
	"$leat" test "$folder/spec.yaml" --path /v2/models/m/infer \
		--body '{"id": "x", "inputs": [[0.03, 0.05, 0.06, 0.02, -0.04, -0.03, -0.04, 0, 0.01, -0.01]]}'
}
first=$(ask)
kill "$pid"
wait "$pid" 2>/dev/null || true
second=$(ask) # from the cache: its checksum is known
[ -n "$first" ] && [ "$first" = "$second" ] || { echo "verify-buckets: with the server $first, without it $second" >&2; exit 1; }
echo "verify-buckets: pushed to S3 and served, with the server and without it: $first"

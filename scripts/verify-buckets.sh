#!/usr/bin/env bash
# Runs the suite of artifact/buckets against servers of others, which are built and
# installed below .cache: versitygw (S3), fake-gcs-server (Google Cloud Storage) and
# Azurite (Azure, where npm is). Then a model is pushed to S3 and served, with the
# server and, from the cache, without it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "verify-buckets: $*" >&2; }

# built prints the path of a Go program, which is built once.
built() {
	local name=$1 package=$2 version=$3 folder=$PWD/.cache/$1-$3
	if [ ! -x "$folder/$name" ]; then
		say "building $name $version"
		mkdir -p "$folder"
		GOFLAGS=-mod=mod GOBIN=$folder ${GO:-go} install "$package@$version"
	fi
	echo "$folder/$name"
}

folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# await waits until the newest server listens on a port.
await() {
	for _ in $(seq 600); do
		python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2>/dev/null && return
		kill -0 "${pids[-1]}" 2>/dev/null || break
		sleep 0.1
	done
	cat "$folder"/*.log >&2
	say "a server does not listen"
	return 1
}

buckets=()
export AWS_ACCESS_KEY_ID=leat AWS_SECRET_ACCESS_KEY=s3cret-s3cret AWS_REGION=us-east-1
gateway=$(built versitygw github.com/versity/versitygw/cmd/versitygw v1.8.0)
mkdir -p "$folder/data/models" # a bucket is a folder
s3=$(free_port)
ROOT_ACCESS_KEY=$AWS_ACCESS_KEY_ID ROOT_SECRET_KEY=$AWS_SECRET_ACCESS_KEY \
	"$gateway" --port "127.0.0.1:$s3" --quiet posix "$folder/data" >"$folder/s3.log" 2>&1 &
pids+=($!)
gatewayPid=$!
await "$s3"
buckets+=("s3://models?endpoint=http://127.0.0.1:$s3")

google=$(built fake-gcs-server github.com/fsouza/fake-gcs-server v1.56.1)
gs=$(free_port)
"$google" -scheme http -host 127.0.0.1 -port "$gs" -public-host "127.0.0.1:$gs" -backend memory >"$folder/gs.log" 2>&1 &
pids+=($!)
await "$gs"
curl -sSf -o "$folder/made" -H 'Content-Type: application/json' -d '{"name": "models"}' "http://127.0.0.1:$gs/storage/v1/b?project=p"
export STORAGE_EMULATOR_HOST=http://127.0.0.1:$gs
buckets+=("gs://models")

if command -v npm >/dev/null; then
	azurite=$PWD/.cache/azurite-3.35.0
	if [ ! -x "$azurite/node_modules/.bin/azurite-blob" ]; then
		say "installing azurite"
		mkdir -p "$azurite"
		npm install --silent --no-fund --no-audit --prefix "$azurite" azurite@3.35.0 >&2
	fi
	az=$(free_port)
	"$azurite/node_modules/.bin/azurite-blob" --silent --skipApiVersionCheck --blobHost 127.0.0.1 --blobPort "$az" --location "$folder/az" >"$folder/az.log" 2>&1 &
	pids+=($!)
	await "$az"
	python3 scripts/azure-container.py "$az"
	export AZURE_STORAGE_ACCOUNT=devstoreaccount1
	export AZURE_STORAGE_KEY=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==
	buckets+=("azblob://models?localemu=true&domain=127.0.0.1:$az&protocol=http")
else
	say "npm is missing: Azure's driver is not checked"
fi

LEAT_BUCKETS=${buckets[*]} ${GO:-go} test -count 1 ./artifact/buckets -run '^TestReal$' -v | grep -v '^=== '

leat=${LEAT:-$folder/leat}
[ -n "${LEAT:-}" ] || ${GO:-go} build -o "$leat" ./cmd/leat
export S3_ENDPOINT_URL=http://127.0.0.1:$s3 LEAT_DATA=$folder/leat-data
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
kill "$gatewayPid"
wait "$gatewayPid" 2>/dev/null || true
second=$(ask) # from the cache: its checksum is known
[ -n "$first" ] && [ "$first" = "$second" ] || {
	say "with the server $first, without it $second"
	exit 1
}
say "pushed to S3 and served, with the server and without it: $first"

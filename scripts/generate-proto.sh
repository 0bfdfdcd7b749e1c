#!/usr/bin/env bash
# Generates the Go code of proto/ into oip/inference with buf and its plugins,
# which run here. Building buf takes minutes, so it is only done when something
# has changed: generated.sum has the sums of what goes in and what comes out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=oip/inference
sum=proto/generated.sum

version() { awk -v m="$2" '$1 == m && $2 ~ /^v/ { print $2 }' "$1"; }
buf=buf-$(version tools/proto/go.mod github.com/bufbuild/buf)
gen=protoc-gen-go-$(version go.mod google.golang.org/protobuf)
grpc=protoc-gen-go-grpc-$(version tools/proto/go.mod google.golang.org/grpc/cmd/protoc-gen-go-grpc)

sums() {
	echo "$buf $gen $grpc"
	find proto $out -type f \( -name '*.proto' -o -name 'buf*.yaml' -o -name '*.pb.go' \) | LC_ALL=C sort | xargs sha256sum
}

if [ -f $sum ] && [ "$(sums)" = "$(cat $sum)" ]; then exit 0; fi

mkdir -p .bin
[ -x ".bin/$gen" ] || go build -o ".bin/$gen" google.golang.org/protobuf/cmd/protoc-gen-go
[ -x ".bin/$grpc" ] || (cd tools/proto && go build -o "../../.bin/$grpc" google.golang.org/grpc/cmd/protoc-gen-go-grpc)
[ -x ".bin/$buf" ] || (cd tools/proto && go build -o "../../.bin/$buf" github.com/bufbuild/buf/cmd/buf)

export PATH=$PWD/.bin:$PATH
plugin() { echo "{\"local\": \"$1\", \"out\": \"../oip\", \"opt\": [\"module=github.com/leat-ml/leat/oip\"]}"; }
template="{\"version\": \"v2\", \"plugins\": [$(plugin "$gen"), $(plugin "$grpc")]}"
find $out -name '*.pb.go' -delete 2>/dev/null || true
(cd proto && "$buf" lint && "$buf" generate --template "$template")
gofmt -w $out
sums >$sum

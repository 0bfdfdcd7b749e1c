#!/usr/bin/env bash
# Clients of other languages, each with the libraries that its users have, against a
# server of conformance/clients/languages/models: Java (grpc-java, java.net.http) and Rust
# (tonic, reqwest). Maven and cargo install and build below .cache/languages; a language
# without its tools is left out, and LANGUAGES names those that must be there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

dir=$PWD/.cache/languages
clients=$PWD/conformance/clients
mkdir -p "$dir"

# java_client and rust_client build a client, and ask a server with it: WEB AT.
java_client() {
	mvn --quiet --batch-mode --file "$clients/java/pom.xml" -Dmaven.repo.local="$dir/m2" -Dbuilt="$dir/java" package
	java -cp "$dir/java/clients-0.jar:$dir/java/lib/*" Main "$@"
}

rust_client() {
	CARGO_HOME=${CARGO_HOME:-$dir/cargo} PROTOS=$PWD/proto \
		cargo build --quiet --locked --manifest-path "$clients/rust/Cargo.toml" --target-dir "$dir/rust"
	"$dir/rust/debug/leat-clients" "$@"
}

go build -o "$dir/leat" ./cmd/leat
trap stop EXIT
: >"$dir/leat.out"
PATH=$PWD/.venv/bin:$PATH "$dir/leat" serve "$clients/languages/models" --http 127.0.0.1:0 --grpc 127.0.0.1:0 \
	--admin 127.0.0.1:0 --data "$dir/data" >"$dir/leat.out" 2>"$dir/leat.err" &
servers+=($!)
web=$(await "$dir/leat.out" "$httpLine" $! "$dir/leat.err")
at=$(await "$dir/leat.out" "$grpcLine" $! "$dir/leat.err")

# client runs what a language has: LANGUAGE TOOL.
client() {
	if [ -n "${LANGUAGES:-}" ] && [[ " $LANGUAGES " != *" $1 "* ]]; then return; fi
	if [ -z "${LANGUAGES:-}" ] && ! command -v "$2" >/dev/null; then
		echo "there is no $2: $1 is left out"
		return
	fi
	"$1_client" "$web" "$at"
}
client java mvn
client rust cargo

#!/usr/bin/env bash
# Clients that are not ours against a server of examples/quickstart: Triton's and
# KServe's for Python, MLServer's codecs, CloudEvents' packages for Python, Go and Node,
# Node itself, grpcurl and ghz; and our clients, package client, against servers that are
# not ours: MLServer's and KServe's. All is installed below .cache/clients. KServe's needs
# some 500 MB; without it (KSERVE=0) the others run. Node's run where there is a node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=scripts/servers.sh
source scripts/servers.sh

dir=$PWD/.cache/clients
clients=conformance/clients
grpcurl=v1.9.4
ghz=v0.93.0
mkdir -p "$dir"

# program installs a command written in Go: its name, package and version.
program() {
	[ -x "$dir/$1-$3" ] && return
	GOBIN=$dir go install "$2@$3"
	mv "$dir/$1" "$dir/$1-$3"
}

# node_packages installs what Node's client needs.
node_packages() {
	cmp -s $clients/node/package.json "$dir/node/package.json" && return
	mkdir -p "$dir/node"
	(cd "$clients/node" && npm install --silent --no-fund --no-audit --no-package-lock --prefix "$dir/node" \
		$(node -p 'Object.entries(require("./package.json").dependencies).map(([n, v]) => n + "@" + v).join(" ")'))
	cp $clients/node/package.json "$dir/node/package.json"
}

for name in triton mlserver cloudevents kserve; do
	[ $name != kserve ] || [ "${KSERVE:-1}" != 0 ] || continue
	environment "$dir/$name" "$(grep "^$name" $clients/requirements-grpc.txt)"
done
program grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl $grpcurl
program ghz github.com/bojand/ghz/cmd/ghz $ghz

trap stop EXIT

# serve serves a path with leat, and says where in web and at: serve NAME PATH.
serve() {
	: >"$dir/$1.out"
	"$dir/leat" serve "$2" --http 127.0.0.1:0 --grpc 127.0.0.1:0 --admin 127.0.0.1:0 \
		--data "$dir/$1" >"$dir/$1.out" 2>"$dir/$1.err" &
	servers+=($!)
	web=$(await "$dir/$1.out" "$httpLine" $! "$dir/$1.err")
	at=$(await "$dir/$1.out" "$grpcLine" $! "$dir/$1.err")
}

go build -o "$dir/leat" ./cmd/leat
go build -o "$dir/leatecho" ./bench/cmd/leatecho
: >"$dir/echo.out"
"$dir/leatecho" -grpc 127.0.0.1:0 >"$dir/echo.out" &
servers+=($!)
echoWeb=$(await "$dir/echo.out" '^leatecho serves http://\(.*\)' $!)
echoAt=$(await "$dir/echo.out" '^leatecho serves grpc://\(.*\)' $!)
serve data examples/quickstart

"$dir/triton/bin/python" -B $clients/triton_grpc.py "$at"
"$dir/triton/bin/python" -B $clients/triton_http.py "$web"
"$dir/cloudevents/bin/python" -B $clients/cloudevents_http.py "$web"
(cd $clients/cloudevents && go run . "$web")
if [ "${KSERVE:-1}" != 0 ]; then
	"$dir/kserve/bin/python" -B $clients/kserve_rest.py "http://$web" "http://$echoWeb"
	"$dir/kserve/bin/python" -B $clients/kserve_grpc.py "$at" "$echoAt" 2>"$dir/kserve_grpc.err" || {
		cat "$dir/kserve_grpc.err" >&2
		exit 1
	}
fi
"$dir/mlserver/bin/python" -B $clients/mlserver_codecs.py "$echoWeb" "$echoAt"
$clients/grpcurl.sh "$dir/grpcurl-$grpcurl" "$at"
$clients/ghz.sh "$dir/ghz-$ghz" "$at"

# node_client runs a client written for Node, where there is one.
node_client() {
	if command -v node >/dev/null; then
		node_packages
		cp "$clients/node/$1" "$dir/node/"
		(cd "$dir/node" && node "$@" "$OLDPWD/proto")
	else
		echo "there is no node: $1 is left out"
	fi
}
node_client client.mjs "$web" "$at"
node_client cloudevents.mjs "$web"

# Triton's own example repository is not part of the project.
examples=${LEAT_SHARED:-../shared}/models/triton_repository
if [ -d "$examples" ]; then
	serve examples "$examples"
	"$dir/triton/bin/python" -B $clients/triton_examples "$web" "$at"
	node_client simple.mjs "$at"
else
	echo "there is no $examples: what Triton's examples show is left out"
fi

# ports are so many that nobody uses.
ports() {
	"${PYTHON:-python3}" -c 'import socket, sys
all = [socket.socket() for _ in range(int(sys.argv[1]))]
[s.bind(("127.0.0.1", 0)) for s in all]
print(*(s.getsockname()[1] for s in all))' "$1"
}

# foreign has package client ask a server that is not ours, once it is ready.
foreign() {
	local name=$1 http=127.0.0.1:$2 grpc=127.0.0.1:$3
	for _ in $(seq 600); do
		curl --silent --fail --max-time 5 --output /dev/null "http://$http/v2/models/echo/ready" && break
		sleep 0.2
	done
	LEAT_FOREIGN=$name LEAT_FOREIGN_HTTP=$http LEAT_FOREIGN_GRPC=$grpc \
		go test -count 1 ./client/clientgrpc -run '^TestForeign' -v | grep -E '^ *(--- |FAIL|foreign_test)' | sed "s/^/client, asking $name: /"
}

read -r p1 p2 p3 <<<"$(ports 3)"
(cd $clients/mlserver && exec env MLSERVER_HOST=127.0.0.1 MLSERVER_HTTP_PORT="$p1" MLSERVER_GRPC_PORT="$p2" MLSERVER_METRICS_PORT="$p3" \
	MLSERVER_PARALLEL_WORKERS=0 PYTHONDONTWRITEBYTECODE=1 "$dir/mlserver/bin/python" -m mlserver.cli.main start . >"$dir/mlserver.log" 2>&1) &
servers+=($!)
foreign mlserver "$p1" "$p2"
if [ "${KSERVE:-1}" != 0 ]; then
	read -r p1 p2 <<<"$(ports 2)"
	"$dir/kserve/bin/python" $clients/kserve_echo.py --http_port "$p1" --grpc_port "$p2" >"$dir/kserve.log" 2>&1 &
	servers+=($!)
	foreign kserve "$p1" "$p2"
fi

#!/usr/bin/env bash
# Clients that are not ours against a server of examples/quickstart: Triton's and
# KServe's for Python, MLServer's codecs, Node, grpcurl and ghz; and our clients,
# package client, against servers that are not ours: MLServer's and KServe's. All is
# installed below .cache/clients. KServe's needs some 500 MB; without it (KSERVE=0) the
# others run. Node's run where there is a node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dir=$PWD/.cache/clients
clients=conformance/clients
grpcurl=v1.9.4
ghz=v0.93.0
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

venv triton tritonclient
venv mlserver mlserver
[ "${KSERVE:-1}" = 0 ] || venv kserve kserve
program grpcurl github.com/fullstorydev/grpcurl/cmd/grpcurl $grpcurl
program ghz github.com/bojand/ghz/cmd/ghz $ghz

servers=()
trap 'for s in "${servers[@]}"; do kill "$s" 2>/dev/null || true; done; wait || true' EXIT

# await waits for a line in a file, and prints what it has in parentheses.
await() {
	for _ in $(seq 600); do
		local found
		found=$(sed -n "s|$2|\1|p" "$1")
		[ -z "$found" ] || {
			echo "$found"
			return
		}
		sleep 0.1
	done
	echo "no $2 in $1" >&2
	exit 1
}

go build -o "$dir/leat" ./cmd/leat
go build -o "$dir/leatecho" ./bench/cmd/leatecho
rm -f "$dir/out" "$dir/echo.out"
"$dir/leat" serve examples/quickstart --http 127.0.0.1:0 --grpc 127.0.0.1:0 --admin 127.0.0.1:0 \
	--data "$dir/data" >"$dir/out" 2>"$dir/err" &
servers+=($!)
"$dir/leatecho" >"$dir/echo.out" &
servers+=($!)
touch "$dir/out" "$dir/echo.out"
at=$(await "$dir/out" '^grpc  *grpc://\(.*\)')
web=$(await "$dir/out" '^serving  *http://\(.*\)')
echo=$(await "$dir/echo.out" '^leatecho serves http://\(.*\)')

"$dir/triton/bin/python" $clients/triton_grpc.py "$at"
"$dir/triton/bin/python" $clients/triton_http.py "$web"
[ "${KSERVE:-1}" = 0 ] || "$dir/kserve/bin/python" $clients/kserve_grpc.py "$at"
"$dir/mlserver/bin/python" $clients/mlserver_codecs.py "$echo"
$clients/grpcurl.sh "$dir/grpcurl-$grpcurl" "$at"
$clients/ghz.sh "$dir/ghz-$ghz" "$at"
if command -v node >/dev/null; then
	node_packages
	cp $clients/node/client.mjs "$dir/node/"
	(cd "$dir/node" && node client.mjs "$web" "$at" "$OLDPWD/proto")
else
	echo "there is no node: its client is left out"
fi

# Triton's own example repository is not part of the project.
examples=${LEAT_SHARED:-../shared}/models/triton_repository
if [ -d "$examples" ]; then
	rm -f "$dir/examples.out"
	"$dir/leat" serve "$examples" --http 127.0.0.1:0 --grpc 127.0.0.1:0 --admin 127.0.0.1:0 \
		--data "$dir/examples" >"$dir/examples.out" 2>"$dir/examples.err" &
	servers+=($!)
	touch "$dir/examples.out"
	at=$(await "$dir/examples.out" '^grpc  *grpc://\(.*\)')
	web=$(await "$dir/examples.out" '^serving  *http://\(.*\)')
	"$dir/triton/bin/python" -B $clients/triton_examples "$web" "$at"
else
	echo "there is no $examples: what Triton's examples show is left out"
fi

# ports are so many that nobody uses.
ports() {
	"$python" -c 'import socket, sys
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
	MLSERVER_PARALLEL_WORKERS=0 PYTHONDONTWRITEBYTECODE=1 "$dir/mlserver/bin/mlserver" start . >"$dir/mlserver.log" 2>&1) &
servers+=($!)
foreign mlserver "$p1" "$p2"
if [ "${KSERVE:-1}" != 0 ]; then
	read -r p1 p2 <<<"$(ports 2)"
	"$dir/kserve/bin/python" $clients/kserve_echo.py --http_port "$p1" --grpc_port "$p2" >"$dir/kserve.log" 2>&1 &
	servers+=($!)
	foreign kserve "$p1" "$p2"
fi

#!/usr/bin/env bash
# The OpenAPI documents against the servers that they are of: schemathesis makes
# requests of them, and no answer may have a status, a type or a form that is not in
# the document, or be a failure of the server. VERIFY=smoke makes fewer requests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

dir=$PWD/.cache/openapi
examples=100
[ "${VERIFY:-}" != smoke ] || examples=3

mkdir -p "$dir"
environment "$dir/venv" schemathesis==4.32.5
go build -o "$dir/leat" ./cmd/leat

failures=not_a_server_error, # a check, where the models do not fail by themselves

# asked has schemathesis ask a server by its document; the rest are options. It writes
# files of its own to where it runs.
asked() {
	(cd "$dir" && venv/bin/schemathesis run "$1" --max-examples "$examples" --seed 7 --generation-database none --no-color \
		--checks "${failures}status_code_conformance,content_type_conformance,response_schema_conformance" \
		--phases examples,coverage,fuzzing "${@:2}") >"$dir/schemathesis" 2>&1 || {
		cat "$dir/schemathesis"
		return 1
	}
	# the line that says how many there were
	echo "$1: $(grep -E 'generated,|generated' "$dir/schemathesis" | tail -1 | xargs)"
}

# served serves a path and has its documents checked: that of the server, and those
# of its models. Models are unloaded last, since names are learnt from answers.
served() {
	local at failed=0
	: >"$dir/out"
	"$dir/leat" serve "$@" --http 127.0.0.1:0 --grpc "" --admin 127.0.0.1:0 --data "$dir/data" --access-log off >"$dir/out" 2>"$dir/err" &
	servers=($!)
	at=http://$(await "$dir/out" "$httpLine" $! "$dir/err") || return 1
	asked "$at/v2/docs/dataplane.json" --exclude-path-regex '/unload$' || failed=1
	for model in $(curl -sf "$at/v2/models" | "$dir/venv/bin/python" -c '
import json, sys, urllib.parse
for name in json.load(sys.stdin)["models"]:
    print(urllib.parse.quote(name, safe=""))'); do
		asked "$at/v2/models/$model/docs/dataplane.json" || failed=1
		[ "${VERIFY:-}" != smoke ] || break
	done
	if curl -sf "$at/v2/docs/dataplane.json" | grep -q /unload; then
		asked "$at/v2/docs/dataplane.json" --include-path-regex '/unload$' || failed=1
	fi
	stop
	return $failed
}
trap stop EXIT

failed=0
served examples/quickstart || failed=1
served conformance/openapi/server.yaml --python conformance/openapi/models.py || failed=1
triton=${LEAT_SHARED:-../shared}/models/triton_repository
if [ "${VERIFY:-}" != smoke ] && [ -d "$triton" ]; then
	# simple_string adds numbers that are written out, and fails with other texts, as
	# the model that it is: 500 says so.
	rm -rf "$dir/examples" "$dir/texts"
	mkdir "$dir/texts"
	cp -r "$triton" "$dir/examples"
	mv "$dir/examples/simple_string" "$dir/texts/"
	served "$dir/examples" || failed=1
	failures=
	served "$dir/texts" || failed=1
fi
exit $failed

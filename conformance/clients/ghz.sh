#!/usr/bin/env bash
# ghz against a server of examples/quickstart, which it knows by reflection: unary
# calls and streams, of which every one has to succeed: ghz.sh GHZ 127.0.0.1:8081
set -euo pipefail
ghz=$1 at=$2 passed=0
service=inference.GRPCInferenceService
request='{"model_name": "iris", "id": "{{.RequestNumber}}", "inputs": [{"name": "measurements", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [5.1, 3.5, 1.4, 0.2]}}]}'

# all calls a method so many times, and wants a status of all of them.
all() {
	local method=$1 data=$2 n=$3 status=$4 out
	shift 4
	out=$("$ghz" --insecure --call "$service/$method" -d "$data" -n "$n" -c 8 --connections 4 --format json "$@" "$at")
	if ! python3 -c "
import json, sys
r = json.loads(sys.argv[1])
ok = r['count'] == int(sys.argv[2]) and r['statusCodeDistribution'] == {sys.argv[3]: int(sys.argv[2])}
sys.exit(None if ok else f\"ghz {r['count']} calls: {r['statusCodeDistribution']} {r.get('errorDistribution')}\")
" "$out" "$n" "$status"; then
		exit 1
	fi
	passed=$((passed + n))
}

all ServerReady '{}' 200 OK
all ModelInfer "$request" 1000 OK
all ModelInfer "$request" 200 OK --enable-compression
raw='{"model_name": "iris", "inputs": [{"name": "measurements", "datatype": "FP32", "shape": [1, 4]}], "raw_input_contents": ["MzOjQAAAYEAzM7M/zcxMPg=="]}'
all ModelInfer "$raw" 1000 OK
all ModelMetadata '{"name": "iris"}' 200 OK
all ModelInfer "${request/iris/nobody}" 100 NotFound
all ModelStreamInfer "[$request, $request, $request]" 200 OK
all ModelInfer "$request" 200 OK --metadata '{"x-request-id": "{{.UUID}}"}' --timeout 30s
echo "ghz: $passed calls as they should be"

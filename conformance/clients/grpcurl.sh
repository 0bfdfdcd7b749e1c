#!/usr/bin/env bash
# grpcurl against a server of examples/quickstart, which it knows by reflection
# alone: grpcurl.sh GRPCURL 127.0.0.1:8081
set -euo pipefail
grpcurl=$1 at=$2 passed=0

# want looks for a part in what a call answers.
want() {
	local part=$1 out
	shift
	out=$("$grpcurl" -plaintext "$@" 2>&1) || true
	if [[ $out != *"$part"* ]]; then
		echo "grpcurl $*: no $part in $out" >&2
		exit 1
	fi
	passed=$((passed + 1))
}

service=inference.GRPCInferenceService
want $service "$at" list
want grpc.health.v1.Health "$at" list
want "$service.ModelStreamInfer" "$at" list $service
want 'raw_input_contents = 7' "$at" describe inference.ModelInferRequest
want '"status": "SERVING"' "$at" grpc.health.v1.Health/Check
want '"ready": true' "$at" $service/ServerReady
want '"name": "measurements"' -d '{"name": "iris"}' "$at" $service/ModelMetadata
request='{"model_name": "iris", "id": "7", "inputs": [{"name": "measurements", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [5.1, 3.5, 1.4, 0.2]}}]}'
want '"int64Contents"' -d "$request" "$at" $service/ModelInfer
want '"id": "7"' -d "$request" "$at" $service/ModelStreamInfer
want 'Code: NotFound' -d "${request/iris/nobody}" "$at" $service/ModelInfer
want 'Code: InvalidArgument' -d "${request/FP32/FP64}" "$at" $service/ModelInfer
want '"errorMessage"' -d "${request/iris/nobody}" "$at" $service/ModelStreamInfer
want '"state": "READY"' "$at" inference.model_repository.ModelRepositoryService/RepositoryIndex
want '"modelName": "iris"' -d '{"repository_name": "iris"}' "$at" $service/RepositoryModelLoad
echo "grpcurl: $passed checks passed"

#!/usr/bin/env bash
# grpcurl against a server of examples/quickstart, which it knows by reflection
# alone, by every call of the service: grpcurl.sh GRPCURL 127.0.0.1:8081
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
want '"live": true' "$at" $service/ServerLive
want '"ready": true' "$at" $service/ServerReady
want '"binary_tensor_data"' "$at" $service/ServerMetadata
want '"ready": true' -d '{"name": "wine", "version": "2"}' "$at" $service/ModelReady
want '{}' -d '{"name": "nobody"}' "$at" $service/ModelReady
want '"name": "measurements"' -d '{"name": "iris"}' "$at" $service/ModelMetadata
want 'Code: NotFound' -d '{"name": "nobody"}' "$at" $service/ModelMetadata
want '"dataType": "TYPE_FP32"' -d '{"name": "iris"}' "$at" $service/ModelConfig
request='{"model_name": "iris", "id": "7", "inputs": [{"name": "measurements", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [5.1, 3.5, 1.4, 0.2]}}]}'
want '"int64Contents"' -d "$request" "$at" $service/ModelInfer
want '"id": "7"' -d "$request" "$at" $service/ModelStreamInfer
raw='{"model_name": "iris", "inputs": [{"name": "measurements", "datatype": "FP32", "shape": [1, 4]}], "raw_input_contents": ["MzOjQAAAYEAzM7M/zcxMPg=="]}'
want '"rawOutputContents"' -d "$raw" "$at" $service/ModelInfer
want '"inferenceCount"' -d '{"name": "iris"}' "$at" $service/ModelStatistics
want '"modelStats"' "$at" $service/ModelStatistics
want 'Code: NotFound' -d "${request/iris/nobody}" "$at" $service/ModelInfer
want 'Code: InvalidArgument' -d "${request/FP32/FP64}" "$at" $service/ModelInfer
want '"errorMessage"' -d "${request/iris/nobody}" "$at" $service/ModelStreamInfer
want '"state": "READY"' "$at" $service/RepositoryIndex
want '{}' -d '{"model_name": "iris"}' "$at" $service/RepositoryModelUnload
want 'Code: Unavailable' -d "$request" "$at" $service/ModelInfer
want '{}' -d '{"model_name": "iris"}' "$at" $service/RepositoryModelLoad
want 'Code: NotFound' -d '{"model_name": "nobody"}' "$at" $service/RepositoryModelLoad
want '"log_verbose_level"' "$at" $service/LogSettings
want 'log_file' -d '{"settings": {"log_file": {"string_param": "x"}}}' "$at" $service/LogSettings
want '"trace_level"' "$at" $service/TraceSetting
want 'Code: InvalidArgument' -d '{"settings": {"trace_file": {"value": ["x"]}}}' "$at" $service/TraceSetting
want '"state": "READY"' "$at" inference.model_repository.ModelRepositoryService/RepositoryIndex
want '"modelName": "iris"' -d '{"repository_name": "iris"}' "$at" $service/RepositoryModelLoad
echo "grpcurl: $passed checks passed"

#!/usr/bin/env bash
# Compares leat with MLServer, on the same files of XGBoost and ONNX, and with Triton, on
# the same model in Python, over REST and gRPC; both are installed below
# .cache/differential. Flags are those of bench/cmd/benchgrpc.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

eval "$(INSTALL=1 scripts/verify-differential.sh)"
exec "${GO:-go}" run ./bench/cmd/benchgrpc -mlserver "$LEAT_MLSERVER" -triton "$LEAT_TRITON" "$@"

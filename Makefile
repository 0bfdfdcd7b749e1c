# make help lists the targets. Everything is installed below this folder:
# .venv (Python), lib (ONNX Runtime), .bin (tools), bin (what is built).

SHELL := bash
.DEFAULT_GOAL := help

MODULE := github.com/leat-ml/leat
VERSION ?= $(or $(shell git describe --tags --dirty 2>/dev/null),dev)
COMMIT ?= $(or $(shell git rev-parse --short=12 HEAD 2>/dev/null),unknown)
LDFLAGS := -s -w -X $(MODULE)/internal/version.Version=$(VERSION) -X $(MODULE)/internal/version.Commit=$(COMMIT)
GO ?= go
GOBUILD = $(GO) build -trimpath -ldflags '$(LDFLAGS)'
FUZZTIME ?= 30s
# of a package's tests, of which the longest take a minute or two: Go's 10m is too
# short for a machine that is slow, or busy with something else
TESTTIME ?= 25m

GOLANGCI_VERSION := $(shell awk '$$1 == "github.com/golangci/golangci-lint/v2" { print $$2 }' tools/go.mod)
GOLANGCI := .bin/golangci-lint-$(GOLANGCI_VERSION)
VULN_VERSION := $(shell awk '$$1 == "golang.org/x/vuln" { print $$2 }' tools/go.mod)
VULN := .bin/govulncheck-$(VULN_VERSION)
UV_VERSION := 0.13.9

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what a fresh machine lacks: ONNX Runtime into lib, Python packages into .venv
	@scripts/setup.sh

.PHONY: build
build: ## build bin/leat
	$(GOBUILD) -o bin/leat ./cmd/leat

.PHONY: build-static
build-static: ## build bin/leat-static, without cgo: one file that starts anywhere, without ONNX Runtime
	CGO_ENABLED=0 $(GOBUILD) -o bin/leat-static ./cmd/leat

.PHONY: run
run: setup build ## set up, build and serve examples/quickstart on 127.0.0.1:8080
	@exec bin/leat serve examples/quickstart

.PHONY: test
test: setup ## set up and run every test
	@set -o pipefail; $(GO) test -json -shuffle=on -timeout $(TESTTIME) ./... | $(GO) run ./scripts/testsum

.PHONY: check
check: check-format check-generated vet lint verify-quickstart race ## everything a change must pass; race includes the test of the dependency rules

.PHONY: check-format
check-format: ## fail when a Go file is not formatted
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$files" ]; then echo "not formatted (make format):"; echo "$$files"; exit 1; fi

.PHONY: check-generated
check-generated: ## fail when make generate changes a file
	@scripts/check-generated.sh

.PHONY: vet
vet: ## go vet
	$(GO) vet ./...

.PHONY: lint
lint: $(GOLANGCI) ## golangci-lint, built once from tools/go.mod
	$(GOLANGCI) run ./...

.PHONY: race
race: setup ## every test with the race detector
	@set -o pipefail; $(GO) test -json -race -shuffle=on -timeout $(TESTTIME) ./... | $(GO) run ./scripts/testsum

.PHONY: vuln
vuln: $(VULN) ## known vulnerabilities; not part of check, since it needs the database at vuln.go.dev
	$(VULN) ./...

.PHONY: bench
bench: setup ## benchmarks against the floor server, as ratios within one run
	$(GO) run ./bench/cmd/bench

.PHONY: bench-trees
bench-trees: setup ## the tree engine against the C libraries, on models trained here
	@scripts/bench-trees.sh

.PHONY: bench-peers
bench-peers: ## serving graphs against KServe's router and the real MLRun, which are built and installed below .cache
	@router=$$(scripts/kserve.sh) && python=$$(INSTALL=1 scripts/verify-mlrun.sh) && \
	$(GO) run ./bench/cmd/bench -suite mlrun -mlrun $$python && \
	$(GO) run ./bench/cmd/bench -suite kserve -kserve $$router

.PHONY: bench-python
bench-python: setup ## models in Python behind leat, MLServer and MLRun, which are installed below .cache
	@scripts/bench-python.sh

.PHONY: bench-records
bench-records: setup ## what recording inferences costs, how many go through the embedded stream, and an outage of a minute
	$(GO) run ./bench/cmd/bench -suite records

.PHONY: bench-grpc
bench-grpc: setup ## inferences over gRPC next to bare grpc-go, as it comes and tuned, and an ONNX model next to a call of ONNX Runtime
	@mkdir -p .cache && .venv/bin/python bench/cmd/benchgrpc/mlp.py .cache/mlp.onnx
	$(GO) run ./bench/cmd/benchgrpc -onnx .cache/mlp.onnx

.PHONY: bench-servers
bench-servers: setup ## MLServer on the same files of XGBoost and ONNX, and Triton on the same model in Python, over REST and gRPC; installed below .cache
	@scripts/bench-servers.sh

.PHONY: bench-smoke
bench-smoke: setup ## run each benchmark once, to see that it still works
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...
	$(GO) run ./bench/cmd/bench -smoke
	$(GO) run ./bench/cmd/benchgrpc -smoke
	scripts/bench-trees.sh --smoke

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (30s) each
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: verify-quickstart
verify-quickstart: setup ## check the quickstart's models against the libraries that trained them
	.venv/bin/python examples/quickstart-train/train.py --check

.PHONY: verify-trees
verify-trees: ## check the tree engine against the newest xgboost, lightgbm, catboost and scikit-learn; VERIFY=smoke in a minute, VERIFY=older with releases of other years
	@scripts/verify-trees.sh $(VERIFY)

.PHONY: verify-mlrun
verify-mlrun: ## compare with the real MLRun, installed below .cache; MLRUN=newest takes the newest release, RECORD=1 keeps its answers
	@MLRUN=$(MLRUN) RECORD=$(RECORD) scripts/verify-mlrun.sh

.PHONY: verify-buckets
verify-buckets: ## buckets of S3, Google and Azure on servers of others (versitygw, fake-gcs-server, Azurite), built below .cache
	@scripts/verify-buckets.sh

.PHONY: verify-kserve
verify-kserve: ## compare the inference graphs of examples/inferencegraph with KServe's router, built below .cache; RECORD=1 keeps its answers
	@set -o pipefail; router=$$(scripts/kserve.sh) && LEAT_KSERVE_ROUTER=$$router LEAT_KSERVE_RECORD=$(RECORD) \
	$(GO) test -count 1 ./examples/inferencegraph -v | grep -v -e '^=== ' -e '--- PASS'

.PHONY: verify-openapi
verify-openapi: setup ## the OpenAPI documents against servers, by schemathesis, installed below .cache; VERIFY=smoke is short
	@scripts/verify-openapi.sh

.PHONY: verify-clients
verify-clients: setup ## clients that are not ours (Triton, KServe, MLServer, CloudEvents, Node, grpcurl, ghz) against a server, and our clients against MLServer and KServe, installed below .cache; KSERVE=0 without KServe, which is large
	@scripts/verify-clients.sh
	@scripts/verify-clients-streams.sh

.PHONY: verify-languages
verify-languages: setup ## clients in Java (grpc-java, java.net.http) and Rust (tonic, reqwest) against a server, built below .cache by mvn and cargo, which takes minutes the first time; LANGUAGES=java only that one
	@LANGUAGES="$(LANGUAGES)" scripts/verify-languages.sh

.PHONY: verify-vanish
verify-vanish: setup build ## 10,000 clients go away in the middle of their requests: CPU a request, memory and goroutines before and after
	$(GO) run ./bench/cmd/vanish

.PHONY: verify-differential
verify-differential: setup ## the same edge cases to leat, Triton and MLServer with the same models in Python, installed below .cache; RECORD=1 writes docs/protocol-compatibility.md anew
	@RECORD=$(RECORD) scripts/verify-differential.sh

.PHONY: verify-python
verify-python: setup ## run MLRun's cases through Python workers, and again with the real MLRun in them; ALL=1 all specs, which takes four times as long
	$(GO) test -count 1 -timeout $(TESTTIME) ./runtime/python -run '^Test(WorkerSuite|PickledModel|Crash|Hang|MemoryLimit|KilledServer)'
	$(GO) test -count 1 -timeout $(TESTTIME) ./conformance -run '^TestPython'
	python=$$(INSTALL=1 scripts/verify-mlrun.sh) && LEAT_PYTHON_BIN=$$python $(GO) test -count 1 -timeout 60m ./conformance -run '$(if $(ALL),^TestPython,^TestPython(Cases|Routers|Users)$$)'

.PHONY: verify-durability
verify-durability: ## kill a server at any time, KILLS (100) times for each kind of stream: nothing that was acknowledged is lost
	LEAT_KILLS=$(or $(KILLS),100) $(GO) test -count 1 -timeout 60m ./cmd/leat -run '^TestKilled' -v

.PHONY: format
format: ## format the Go files
	@git ls-files -co --exclude-standard '*.go' | xargs gofmt -w

.PHONY: generate
generate: ## regenerate generated code
	$(GO) generate ./...

.PHONY: requirements
requirements: ## renew requirements.txt after a change to requirements.in
	@scripts/requirements.sh $(UV_VERSION)

.PHONY: clean
clean: ## remove what was built and installed here
	rm -rf bin lib .bin .venv .cache

$(GOLANGCI):
	cd tools && $(GO) build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(VULN):
	cd tools && $(GO) build -o ../$@ golang.org/x/vuln/cmd/govulncheck

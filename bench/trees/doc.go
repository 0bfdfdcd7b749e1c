// Command trees measures the tree engine against XGBoost, LightGBM, ONNX Runtime
// and code compiled by tl2cgen, on models that train.py trained, in one run on
// one thread. bench/README.md says what the figures mean; make bench-trees
// prepares what it needs.
//
//	go run ./bench/trees -data .cache/bench-trees -packages .venv/lib/python3.13/site-packages
package main

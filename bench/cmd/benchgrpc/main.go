// Command benchgrpc measures what inferences over gRPC cost leat, next to servers
// that are nothing but grpc-go with the generated code, all of them driven in
// turns within one run.
//
//	go run ./bench/cmd/benchgrpc [-rounds 7] [-seconds 1.5] [-smoke] [-gate]
//
// Linux only: the CPU time of servers is read from /proc.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

type config struct {
	serve   string
	rounds  int
	seconds float64
	smoke   bool
	gate    bool
	only    string
	answers string
	model   string
	library string
	// mlserver is a Python that has MLServer, triton the folder that nvidia-pytriton is
	// installed to: with one of them, leat is compared with it and nothing else is done.
	mlserver, triton string
	conns            string
}

func main() {
	var c config
	flag.StringVar(&c.serve, "serve", "", "be the server of that `name`, until killed: what the program starts itself with")
	flag.StringVar(&c.answers, "answers", "", "`folder` of what the server \"nothing\" answers")
	flag.IntVar(&c.rounds, "rounds", 7, "rounds, in each of which every server is driven once")
	flag.Float64Var(&c.seconds, "seconds", 1.5, "seconds of a cell")
	flag.BoolVar(&c.smoke, "smoke", false, "does it still run? The figures mean nothing")
	flag.BoolVar(&c.gate, "gate", false, "exit with 1 when a goal is missed")
	flag.StringVar(&c.only, "workload", "", "only the workload of that `name`")
	flag.StringVar(&c.model, "onnx", "", "`path` of an ONNX model with one FP32 input of 64 columns, for the workload onnx-mlp")
	flag.StringVar(&c.library, "onnxruntime", "lib", "`folder` of ONNX Runtime")
	flag.StringVar(&c.mlserver, "mlserver", "", "`path` of a Python with MLServer, to compare with instead, over REST too")
	flag.StringVar(&c.triton, "triton", "", "`folder` that nvidia-pytriton is installed to, to compare with its Triton instead, over REST too")
	flag.StringVar(&c.conns, "conns", "1,16,64", "`numbers` of connections, with -mlserver and -triton")
	flag.Parse()
	if err := run(context.Background(), c); err != nil {
		fmt.Fprintln(os.Stderr, "benchgrpc:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c config) error {
	if c.serve != "" {
		return serveAs(ctx, c)
	}
	if c.smoke {
		c.rounds, c.seconds = 1, 0.05
	}
	b := &bench{config: c, rounds: c.rounds, cell: time.Duration(c.seconds * float64(time.Second)), report: os.Stdout}
	for text := range strings.SplitSeq(c.conns, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-conns: %q is not a number of connections", text)
		}
		b.conns = append(b.conns, n)
	}
	measure := b.all
	if c.mlserver != "" || c.triton != "" {
		measure = b.withPeers
	}
	missed, err := measure(ctx)
	if err == nil && missed > 0 && c.gate && !c.smoke {
		err = fmt.Errorf("%d goals are missed", missed)
	}
	return err
}

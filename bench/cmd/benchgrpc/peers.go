package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/leat-ml/leat/bench/proc"
	"github.com/leat-ml/leat/bench/target"
)

// The ports of the servers that cannot be asked to choose them: HTTP, and behind it
// gRPC and metrics.
const (
	mlserverPort = 18140
	tritonPort   = 18150
	leatPort     = 18160 // gRPC
)

// columns is how many each row has.
const columns = 13

// A peering is models in two servers, that of others first.
type peering struct {
	peer, own *contender
	models    []string
	atLeast   float64 // requests a second of leat to the peer's
}

// A contender is a server over HTTP and gRPC.
type contender struct {
	name      string
	srv       *target.Server
	web, grpc string // addresses
}

// withPeers is what is measured where there are other servers.
func (b *bench) withPeers(ctx context.Context) (missed int, err error) {
	if b.fsys, err = proc.System(); err != nil {
		return 0, err
	}
	fmt.Fprintf(b.report, "# leat and other servers\n\n%s\n\n", proc.Machine(b.fsys))
	return b.peers(ctx)
}

// peers compares leat with the other servers that are named, over REST and gRPC.
func (b *bench) peers(ctx context.Context) (missed int, err error) {
	dir, err := os.MkdirTemp("", "leat-peers-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(dir, "leat"), "./cmd/leat").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build leat: %w\n%s", err, out)
	}
	for _, with := range []struct {
		named string
		start func(context.Context, string) (*peering, error)
	}{{b.config.mlserver, b.withMLServer}, {b.config.triton, b.withTriton}} {
		if with.named == "" {
			continue
		}
		p, err := with.start(ctx, dir)
		if err == nil {
			var n int
			n, err = b.peering(ctx, p)
			missed += n
		}
		if err = errors.Join(err, p.stop()); err != nil {
			return missed, err
		}
	}
	return missed, nil
}

// withMLServer starts MLServer and leat on the same files of XGBoost and ONNX.
func (b *bench) withMLServer(ctx context.Context, dir string) (*peering, error) {
	p := &peering{models: []string{"xgboost", "onnx"}, atLeast: 8}
	models := filepath.Join(dir, "models")
	if out, err := exec.CommandContext(ctx, ".venv/bin/python", "-B", "bench/peers/models.py", models).CombinedOutput(); err != nil {
		return p, fmt.Errorf("write the models: %w\n%s", err, out)
	}
	runtime, err := os.ReadFile("bench/peers/onnxmodel.py")
	if err != nil {
		return p, err
	}
	at := filepath.Join(dir, "mlserver")
	for name, text := range map[string]string{
		"settings.json": fmt.Sprintf(`{"host": "127.0.0.1", "http_port": %d, "grpc_port": %d, "metrics_port": %d, "parallel_workers": 0, "debug": false}`,
			mlserverPort, mlserverPort+1, mlserverPort+2),
		"xgboost/model-settings.json": fmt.Sprintf(`{"name": "xgboost", "implementation": "mlserver_xgboost.XGBoostModel", "parameters": {"uri": %q}}`, models+"/xgboost/model.json"),
		"onnx/model-settings.json":    fmt.Sprintf(`{"name": "onnx", "implementation": "onnxmodel.OnnxModel", "parameters": {"uri": %q}}`, models+"/onnx/model.onnx"),
		"onnx/onnxmodel.py":           string(runtime),
	} {
		path := filepath.Join(at, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return p, err
		}
	}
	command := fmt.Sprintf(`sh -c 'echo http://127.0.0.1:%d; cd %s; exec %s -m mlserver.cli.main start . >/dev/null 2>&1'`, mlserverPort, at, b.config.mlserver)
	if p.peer, err = started(ctx, "MLServer", command, mlserverPort+1); err != nil {
		return p, err
	}
	p.own, err = started(ctx, "leat", dir+"/leat serve "+models+leatFlags(), leatPort)
	return p, err
}

// withTriton starts Triton's server and leat on the same model in Python.
func (b *bench) withTriton(ctx context.Context, dir string) (_ *peering, err error) {
	p := &peering{models: []string{"echo"}, atLeast: 1}
	root := filepath.Join(b.config.triton, "pytriton", "tritonserver")
	command := fmt.Sprintf(`sh -c 'echo http://127.0.0.1:%d; exec %s/bin/tritonserver --model-repository=bench/peers/triton --backend-directory=%s/backends `+
		`--http-address=127.0.0.1 --http-port=%d --grpc-address=127.0.0.1 --grpc-port=%d --allow-metrics=false >/dev/null 2>&1'`, tritonPort, root, root, tritonPort, tritonPort+1)
	if p.peer, err = started(ctx, "Triton", command, tritonPort+1); err != nil {
		return p, err
	}
	spec := filepath.Join(dir, "triton.yaml")
	text := "python: {interpreter: " + absolute(".venv/bin/python") + "}\ngraph:\n  kind: router\n  routes:\n    echo: {class_name: TritonPythonModel, class_args: {model_path: " + absolute("bench/peers/triton/echo/1") + "}}\n"
	if err := os.WriteFile(spec, []byte(text), 0o600); err != nil {
		return p, err
	}
	p.own, err = started(ctx, "leat", dir+"/leat serve --python bench/peers/triton/echo/1/model.py "+spec+leatFlags(), leatPort)
	return p, err
}

func absolute(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return whole
}

func leatFlags() string {
	return fmt.Sprintf(" --http 127.0.0.1:0 --admin 127.0.0.1:0 --grpc 127.0.0.1:%d 2>/dev/null", leatPort)
}

func started(ctx context.Context, name, command string, grpcPort int) (*contender, error) {
	srv, err := target.Start(ctx, name, command)
	if err != nil {
		return nil, err
	}
	return &contender{name, srv, srv.Addr, fmt.Sprintf("127.0.0.1:%d", grpcPort)}, nil
}

func (p *peering) stop() error {
	var errs []error
	for _, c := range []*contender{p.peer, p.own} {
		if c != nil {
			errs = append(errs, c.srv.Kill())
		}
	}
	return errors.Join(errs...)
}

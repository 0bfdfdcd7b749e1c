package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/leat-ml/leat/bench/load"
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

// peering drives both servers with everything, in turns.
func (b *bench) peering(ctx context.Context, p *peering) (missed int, err error) {
	fmt.Fprintf(b.report, "## leat and %s\n\n| model | over | rows | connections | %s req/s | leat req/s | ratio | %s CPU us/req | leat CPU us/req | ratio | goal |\n|---|---|---|---|---|---|---|---|---|---|---|\n", p.peer.name, p.peer.name, p.peer.name)
	for _, model := range p.models {
		for _, rows := range []int{1, 32} {
			want, err := agreed(ctx, p, model, rows)
			if err != nil {
				return missed, fmt.Errorf("%s, %d rows: %w", model, rows, err)
			}
			for _, over := range []string{"REST", "gRPC"} {
				for _, conns := range []int{1, 16, 64} {
					n, err := b.meeting(ctx, p, meeting{model, over, rows, conns, want})
					if err != nil {
						return missed, fmt.Errorf("%s over %s, %d rows, %d connections: %w", model, over, rows, conns, err)
					}
					missed += n
				}
			}
		}
	}
	fmt.Fprintln(b.report)
	return missed, nil
}

// A meeting is one request, put to both over a number of connections.
type meeting struct {
	model, over string
	rows, conns int
	want        []float64 // what is answered
}

func (b *bench) meeting(ctx context.Context, p *peering, m meeting) (missed int, err error) {
	both := []*contender{p.peer, p.own}
	var samples [2][]sample
	for round := range b.rounds {
		for i := range both {
			at := (i + round) % 2
			s, err := b.meet(ctx, both[at], m)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", both[at].name, err)
			}
			samples[at] = append(samples[at], s)
		}
	}
	rate, cpu := func(s sample) float64 { return s.rate }, func(s sample) float64 { return s.cpu }
	faster, verdict := ratio(samples[1], samples[0], rate), "PASS"
	if faster < p.atLeast {
		verdict, missed = "FAIL", 1
	}
	fmt.Fprintf(b.report, "| %s | %s | %d | %d | %.0f | %.0f | %.1f | %.0f | %.0f | %.3f | %.0f %s |\n", m.model, m.over, m.rows, m.conns, median(samples[0], rate), median(samples[1], rate),
		faster, median(samples[0], cpu), median(samples[1], cpu), ratio(samples[1], samples[0], cpu), p.atLeast, verdict)
	return missed, nil
}

// meet drives one server for a cell, behind a warm-up.
func (b *bench) meet(ctx context.Context, c *contender, m meeting) (sample, error) {
	if m.over == "gRPC" {
		request := raw(int64(m.rows), columns)
		request.ModelName = m.model
		copy(request.RawInputContents[0], numbersOf(m.rows))
		at := *c.srv
		at.Addr = c.grpc
		d, err := newDriver(ctx, &at, &workload{conns: m.conns, servers: []string{onnxBare}, request: request})
		if err == nil {
			_, err = d.drive(ctx, b.cell/5)
		}
		if err != nil {
			return sample{}, err
		}
		s, err := b.sample(ctx, c.srv, d)
		return s, errors.Join(err, d.close())
	}
	path, body := restRequest(m.model, m.rows)
	var before, after proc.Usage
	var errs [2]error
	res, err := load.Run(ctx, load.Options{
		Addr: c.web, Request: load.Render(path, body), Conns: m.conns, Warmup: b.cell / 5, Duration: b.cell, Timeout: 30 * time.Second,
		Verify: func(answer []byte) error { return same(answer, m.want) },
		Begin:  func() { before, errs[0] = proc.Read(b.fsys, c.srv.PID) },
		End:    func() { after, errs[1] = proc.Read(b.fsys, c.srv.PID) },
	})
	if err = errors.Join(err, errs[0], errs[1]); err != nil {
		return sample{}, err
	}
	if res.Failed() > 0 {
		return sample{}, fmt.Errorf("%d of %d requests failed: %w", res.Failed(), res.Failed()+res.OK(), res.First)
	}
	return sample{res.PerSecond(), float64(proc.CPUBetween(before, after).Microseconds()) / float64(max(res.OK(), 1))}, nil
}

// agreed waits until both serve the model, and returns what both answer.
func agreed(ctx context.Context, p *peering, model string, rows int) ([]float64, error) {
	want, err := first(ctx, p.own, model, rows)
	if err != nil {
		return nil, fmt.Errorf("leat: %w", err)
	}
	end := time.Now().Add(2 * time.Minute)
	for {
		_, err := first(ctx, p.peer, model, rows)
		if err == nil || time.Now().After(end) || ctx.Err() != nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	path, body := restRequest(model, rows)
	answer, err := asked(ctx, p.peer.web, path, body)
	if err == nil {
		err = same(answer, want)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.peer.name, err)
	}
	return want, nil
}

// first waits until a server has an answer.
func first(ctx context.Context, c *contender, model string, rows int) (numbers []float64, err error) {
	path, body := restRequest(model, rows)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var answer []byte
		if answer, err = asked(ctx, c.web, path, body); err == nil {
			return outputs(answer)
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return nil, err
		}
	}
}

func asked(ctx context.Context, addr, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %.200s", resp.StatusCode, b.Bytes())
	}
	return b.Bytes(), nil
}

var errAnswer = errors.New("another answer than expected")

// same compares the numbers of an answer.
func same(answer []byte, want []float64) error {
	got, err := outputs(answer)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("%w: %d numbers, not %d", errAnswer, len(got), len(want))
	}
	for i := range got {
		if d := got[i] - want[i]; d > 1e-4 || d < -1e-4 {
			return fmt.Errorf("%w: number %d is %v, not %v", errAnswer, i, got[i], want[i])
		}
	}
	return nil
}

// outputs are the numbers of the first output.
func outputs(answer []byte) ([]float64, error) {
	var doc struct{ Outputs []struct{ Data []any } }
	if err := json.Unmarshal(answer, &doc); err != nil {
		return nil, err
	}
	if len(doc.Outputs) != 1 {
		return nil, fmt.Errorf("%w: %d outputs", errAnswer, len(doc.Outputs))
	}
	var all []float64
	var add func(v any)
	add = func(v any) {
		switch v := v.(type) {
		case float64:
			all = append(all, v)
		case []any:
			for _, one := range v {
				add(one)
			}
		}
	}
	add(doc.Outputs[0].Data)
	return all, nil
}

package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/servertest"
)

// A compared is a server that the cases are put to.
type compared struct {
	name    string
	url     string
	conn    *grpc.ClientConn
	restart func() // nil for leat, which does not end
	ended   chan struct{}
}

// A comparedModel is a model that all servers have, as config.pbtxt describes it;
// what it computes is in differential/compute.py.
type comparedModel struct {
	name            string
	batch           int
	inputs, outputs []comparedTensor
}

// A comparedTensor is the name, datatype and lengths of a tensor; -1 is any length.
type comparedTensor struct{ name, datatype, dims string }

var echoedTypes = func() (all []comparedTensor) {
	for _, datatype := range []string{"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"} {
		all = append(all, comparedTensor{datatype, datatype, "-1, -1"})
	}
	return all
}()

var comparedModels = []comparedModel{
	{"echo", 0, echoedTypes, echoedTypes},
	{"add", 0, []comparedTensor{{"a", "INT32", "-1, 2"}, {"b", "INT32", "-1, 2"}}, []comparedTensor{{"sum", "INT32", "-1, 2"}, {"difference", "INT32", "-1, 2"}}},
	{"upper", 0, []comparedTensor{{"x", "BYTES", "-1"}}, []comparedTensor{{"x", "BYTES", "-1"}}},
	{"fail", 0, []comparedTensor{{"x", "FP32", "-1"}}, []comparedTensor{{"x", "FP32", "-1"}}},
	{"odd", 0, []comparedTensor{{"x", "FP32", "-1"}}, []comparedTensor{{"x", "FP32", "-1"}}},
	{"rows", 4, []comparedTensor{{"x", "FP32", "3"}}, []comparedTensor{{"x", "FP32", "3"}}},
	{"told", 0, []comparedTensor{{"x", "FP32", "-1"}}, []comparedTensor{{"x", "BYTES", "-1"}}},
	{"unready", 0, []comparedTensor{{"x", "FP32", "-1"}}, []comparedTensor{{"x", "FP32", "-1"}}},
}

// pbtxt is the model's configuration for Triton. Inputs of echo may be left out.
func (m comparedModel) pbtxt() string {
	text := fmt.Sprintf("backend: \"python\"\nmax_batch_size: %d\ninstance_group [{ kind: KIND_CPU count: 1 }]\n", m.batch)
	for i, list := range [][]comparedTensor{m.inputs, m.outputs} {
		for _, t := range list {
			optional := ""
			if i == 0 && m.name == "echo" {
				optional = " optional: true"
			}
			text += fmt.Sprintf("%s [{ name: %q data_type: TYPE_%s dims: [%s]%s }]\n",
				[]string{"input", "output"}[i], t.name, strings.Replace(t.datatype, "BYTES", "STRING", 1), t.dims, optional)
		}
	}
	return text
}

// writeTriton writes the models' repository.
func writeTriton(t *testing.T, dir string) {
	for _, m := range comparedModels {
		writeText(t, filepath.Join(dir, m.name, "config.pbtxt"), m.pbtxt())
		for _, file := range []string{"model.py", "compute.py"} {
			writeText(t, filepath.Join(dir, m.name, "1", file), readText(t, "differential/"+file))
		}
	}
}

// writeMLServer writes the same models as MLServer has them.
func writeMLServer(t *testing.T, dir string, ports [3]int) {
	writeText(t, filepath.Join(dir, "settings.json"), fmt.Sprintf(`{"host": "127.0.0.1", "http_port": %d, "grpc_port": %d, "metrics_port": %d,
		"parallel_workers": 0, "debug": false, "grpc_max_message_length": 104857600}`, ports[0], ports[1], ports[2]))
	for _, m := range comparedModels {
		writeText(t, filepath.Join(dir, m.name, "model-settings.json"), fmt.Sprintf(`{"name": %q, "implementation": "runtime.Model"}`, m.name))
	}
	for _, file := range []string{"runtime.py", "compute.py"} {
		writeText(t, filepath.Join(dir, "code", file), readText(t, "differential/"+file))
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// startTriton starts the server that is in nvidia-pytriton, with packages being the
// folder that pip has installed it to.
func startTriton(t *testing.T, packages string) *compared {
	dir, ports := t.TempDir(), freePorts(t)
	writeTriton(t, dir)
	root := filepath.Join(packages, "pytriton", "tritonserver")
	return startCompared(t, "Triton", dir, ports, []string{"PYTHONPATH=" + packages}, filepath.Join(root, "bin", "tritonserver"),
		"--model-repository="+dir, "--backend-directory="+filepath.Join(root, "backends"), "--model-control-mode=explicit", "--load-model=*", "--exit-on-error=false",
		"--http-address=127.0.0.1", fmt.Sprintf("--http-port=%d", ports[0]), "--grpc-address=127.0.0.1", fmt.Sprintf("--grpc-port=%d", ports[1]), "--allow-metrics=false")
}

// startMLServer starts MLServer by the Python that has it.
func startMLServer(t *testing.T, python string) *compared {
	dir, ports := t.TempDir(), freePorts(t)
	writeMLServer(t, dir, ports)
	return startCompared(t, "MLServer", dir, ports, []string{"PYTHONPATH=" + filepath.Join(dir, "code")}, python, "-m", "mlserver.cli.main", "start", dir)
}

func freePorts(t *testing.T) (ports [3]int) {
	for i := range ports {
		ports[i] = servertest.Port(t)
	}
	return ports
}

func startCompared(t *testing.T, name, dir string, ports [3]int, env []string, program string, args ...string) *compared {
	t.Helper()
	c := &compared{name: name, url: fmt.Sprintf("http://127.0.0.1:%d", ports[0]), conn: dialCompared(t, fmt.Sprintf("127.0.0.1:%d", ports[1]))}
	c.restart = func() {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		c.run(t, cmd)
	}
	c.restart()
	return c
}

// run starts the program, and returns when it serves its models.
func (c *compared) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	c.ended = ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		_ = log.Close()
	})
	for end := time.Now().Add(3 * time.Minute); !c.serves("rows"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) || c.gone(0) {
			t.Fatalf("%s does not serve its models:\n%s", c.name, readText(t, log.Name()))
		}
	}
}

// gone says whether the server has ended, which it may do a moment after the
// connection is closed.
func (c *compared) gone(within time.Duration) bool {
	if c.restart == nil {
		return false
	}
	select {
	case <-c.ended:
		return true
	case <-time.After(within):
		return false
	}
}

func (c *compared) serves(model string) bool {
	resp, err := http.Get(c.url + "/v2/models/" + model + "/ready")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func dialCompared(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1<<30)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// startLeat serves the models of Triton's repository.
func startLeat(t *testing.T) *compared {
	dir := t.TempDir()
	writeTriton(t, dir)
	spec := graph.NewRouter()
	spec.LoadMode = "async" // a model that cannot be loaded keeps no other from being served
	for _, m := range comparedModels {
		spec.AddModel(m.name, "TritonPythonModel", filepath.Join(dir, m.name, "1"), nil)
	}
	srv, err := leat.New(spec, &leat.Options{Code: pythonCode(t, "differential/model.py"), Catalog: pythonSet()})
	if err != nil {
		t.Fatal(err)
	}
	url, _ := startServer(t, srv)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeGRPC(ctx, l) }()
	c := &compared{name: "leat", url: url, conn: dialCompared(t, l.Addr().String())}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for _, m := range comparedModels {
		for end := time.Now().Add(5 * time.Minute); m.name != "unready" && !c.serves(m.name); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the model %s is not served", m.name)
			}
		}
	}
	waitLoaded(t, url) // the one that is never ready has failed, and is not loading
	return c
}

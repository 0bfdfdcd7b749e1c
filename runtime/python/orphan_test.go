package python

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// serverVariable makes the program of the tests a server with a model.
const serverVariable = "LEAT_TEST_PYTHON_SERVER"

// beServer loads a model that forks, and tells the numbers of its processes.
func beServer() {
	c := &Code{Paths: []string{"testdata/models.py"}, Logger: slog.New(slog.DiscardHandler), Serve: bare}
	l, err := c.Load(context.Background(), nil)
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return
	}
	set := &catalog.Set{}
	l.Join(set, &catalog.Env{})
	s, err := set.Lookup("Forks").New(catalog.Args{Name: "m", Class: "Forks"})
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return
	}
	m := s.(served).Model
	mc := serve.NewModelContext(serve.ModelOptions{})
	if err := m.Load(context.Background(), mc); err != nil {
		fmt.Fprintln(os.Stdout, err)
		return
	}
	child, err := m.Predict(context.Background(), rows(`{"inputs": [1]}`))
	fmt.Fprintf(os.Stdout, "%d %s %v\n", m.pool.pick().cmd.Process.Pid, child, err)
	time.Sleep(time.Hour)
}

// TestKilledServer kills a server. Neither its worker nor what the user's code
// has started outlives it.
func TestKilledServer(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	var worker, child int
	if _, err := fmt.Sscanf(strings.NewReplacer("[", "", "]", "").Replace(line), "%d %d", &worker, &child); err != nil {
		t.Fatalf("the server says %q: %v", line, err)
	}
	if !alive(worker) || !alive(child) {
		t.Fatalf("worker %d or its child %d is not there", worker, child)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // says that it was killed
	await(t, "the end of the worker", func() bool { return !alive(worker) })
	await(t, "the end of its child", func() bool { return !alive(child) })
}

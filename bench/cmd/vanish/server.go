package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/leat-ml/leat/bench/vanish"
)

// A server is a process of leat.
type server struct {
	cmd   *exec.Cmd
	at    vanish.Server
	admin string
	data  string
}

// start starts the server and waits until it serves.
func start(ctx context.Context, c config) (*server, error) {
	data, err := os.MkdirTemp("", "vanish")
	if err != nil {
		return nil, fmt.Errorf("make a data folder: %w", err)
	}
	s := &server{data: data}
	s.cmd = exec.CommandContext(ctx, c.leat, "serve", c.models, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", data, "--log-level", "error")
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.leat, err), os.RemoveAll(data))
	}
	if err := s.read(out); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

var address = regexp.MustCompile(`^(serving|grpc|admin) +(\S+)$`)

// read reads where the server is.
func (s *server) read(out io.Reader) error {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		m := address.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		switch m[1] {
		case "serving":
			s.at.HTTP = m[2]
		case "grpc":
			s.at.GRPC = strings.TrimPrefix(m[2], "grpc://")
		case "admin":
			s.admin = m[2]
			go func() { _, _ = io.Copy(io.Discard, out) }() // until the process ends
			return nil
		}
	}
	return errors.New("the server did not say where it is")
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.data)
}

// goroutines is how many the server has.
func (s *server) goroutines(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.admin+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ask for metrics: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			return strconv.Atoi(value)
		}
	}
	return 0, errors.New("the metrics have no go_goroutines")
}

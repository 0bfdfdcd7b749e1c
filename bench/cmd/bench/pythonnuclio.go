package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	server "github.com/leat-ml/leat/bench/target"
)

// nuclioServers are nuclio's own Python wrapper behind bench/cmd/nucliohost, which
// does less than nuclio's processor: with the real MLRun, as it is and without the line
// that it logs for each request, and with a handler that does nothing.
func (b *bench) nuclioServers(ctx context.Context, all *started) error {
	if out, err := exec.CommandContext(ctx, b.mlrunPython, "-c", "import msgpack").CombinedOutput(); err != nil {
		return fmt.Errorf("nuclio's wrapper needs msgpack: %w\n%s", err, out)
	}
	if err := b.build(ctx, "nucliohost", "bench/cmd/nucliohost"); err != nil {
		return err
	}
	for _, s := range []struct {
		pythonServer
		handler, silent string
	}{
		{pythonServer{name: "nuclio's wrapper, MLRun", peer: true}, "nucliomlrun", "0"},
		{pythonServer{name: "nuclio's wrapper, MLRun without its logs", peer: true}, "nucliomlrun", "1"},
		{pythonServer{name: "nuclio's wrapper, no-op", noop: true}, "nuclionoop", "1"},
	} {
		command := fmt.Sprintf("%s/nucliohost -wrapper %s -python %s -path bench/python -handler %s:handler", b.dir, b.nuclio, b.mlrunPython, s.handler)
		srv, err := server.Start(ctx, s.name, command, append(b.env(), "MODELS="+filepath.Join(b.dir, "mlrun-iris"), "SILENT="+s.silent)...)
		s.srv = srv
		if err := all.add(&s.pythonServer, err); err != nil {
			return err
		}
	}
	return nil
}

package cli

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/stream"
	streamfile "github.com/leat-ml/leat/stream/file"
)

// BenchmarkReload reads, builds and swaps the quickstart's tree models and a
// graph, of which nothing has changed.
func BenchmarkReload(b *testing.B) {
	dir := b.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "examples", "quickstart"))); err != nil {
		b.Fatal(err)
	}
	env, _ := serving(nil)
	env.Stderr = os.Stderr
	env.Register = func(set *catalog.Set, p Plugins) {
		trees.Register(set)
		step.Register(set)
		streams := &stream.Mux{}
		streams.Register("file", (&streamfile.Files{Folder: p.Data}).Open)
		queue.Register(set, streams)
		set.Compile, set.CompileVars = expr.Compile, expr.CompileVars
	}
	time.Sleep(200 * time.Millisecond) // files that have just been written are loaded anew in any case
	cmd := serveCmd{Path: dir, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0", Access: "off", logging: logging{LogFormat: "text", LogLevel: "error"}}
	rc, err := cmd.config(b.Context(), &env, datadir.Temporary())
	if err != nil {
		b.Fatal(err)
	}
	core, problems := server.New(rc.Config)
	if core == nil {
		b.Fatal(problems)
	}
	if err := core.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := core.Reload(b.Context(), rc.Read); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := core.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}

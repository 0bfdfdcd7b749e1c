package repo

import (
	"testing"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// BenchmarkReady asks a model whether it is ready, with the model at hand and
// found in the repository: the difference is what a repository costs a request.
func BenchmarkReady(b *testing.B) {
	root := b.TempDir()
	put(b, root, "m.fake", "FAKE good m")
	set, _ := fakes()
	r, err := New(root, Options{Catalog: set, Env: &catalog.Env{Open: artifact.Open}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.Close(background) }()
	if err := r.Start(background); err != nil {
		b.Fatal(err)
	}
	server := r.find("m", "").in.server
	ev := serve.NewEvent(serve.Target{Method: "GET", Operation: "ready"}, nil)
	ev.ID = "1"
	for name, find := range map[string]func() serve.Step{
		"server":     func() serve.Step { return server },
		"repository": func() serve.Step { return r.Find("m", "") },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := find().Do(background, ev); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

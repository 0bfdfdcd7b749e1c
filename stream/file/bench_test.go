package file_test

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/file"
)

// BenchmarkPublish is what a message costs that is safe on the disk, alone and
// among many: who publishes at the same time shares a sync.
func BenchmarkPublish(b *testing.B) {
	for _, mode := range []string{"group", "none"} {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d", mode, callers), func(b *testing.B) {
				x := &stream.Mux{}
				x.Register("file", new(file.Files).Open)
				u := url.URL{Scheme: "file", Path: filepath.Join(b.TempDir(), "s"), RawQuery: "sync=" + mode}
				t, err := x.Open(context.Background(), u.String(), nil)
				if err != nil {
					b.Fatal(err)
				}
				body := []byte(`{"id": 17, "inputs": [[5.1, 3.5, 1.4, 0.2]]}`)
				b.ReportAllocs()
				b.ResetTimer()
				var all sync.WaitGroup
				for c := range callers {
					all.Go(func() {
						for i := c; i < b.N; i += callers {
							if err := t.Publish(context.Background(), &stream.Message{ID: "17", Body: body}); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				b.StopTimer()
				if err := t.Close(context.Background()); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

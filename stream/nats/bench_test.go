package nats

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	portable "github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/file"
)

// record is about what a log of requests has of one.
var record = []byte(`{"class":"Iris","worker":"0","model":"iris","version":"v1","host":"h1","function_uri":"p/f","request":{"id":"b1946ac92492d234","inputs":[[5.1,3.5,1.4,0.2,5.1,3.5,1.4,0.2,5.1,3.5]]},"op":"infer","resp":{"outputs":[0]},"when":"2026-01-02 03:04:05.678901+00:00","microsec":184}`)

// BenchmarkThrough is what a record costs that is published, safe, and read by a
// group that acknowledges it, at the same time; in batches of so many records.
func BenchmarkThrough(b *testing.B) {
	for _, c := range []struct{ name, url string }{
		{"nats/always", "nats:///s"},
		{"nats/none", "nats:///s?sync=none"},
		{"nats/none/unpacked", "nats:///s?sync=none&records=1"},
		{"file/group", "file:%s?max_size=4GiB"},
		{"file/none", "file:%s?sync=none&max_size=4GiB"},
	} {
		for _, size := range []int{256, 4096} {
			b.Run(fmt.Sprintf("%s/%d", c.name, size), func(b *testing.B) {
				s := openBench(b, c.url)
				through(b, s, size)
				if err := s.Close(context.Background()); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

func openBench(b *testing.B, rawURL string) driver.Stream {
	b.Helper()
	if rawURL[0] == 'f' {
		rawURL = fmt.Sprintf(rawURL, filepath.Join(b.TempDir(), "s.jsonl"))
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		b.Fatal(err)
	}
	open := (&NATS{Folder: place(b.TempDir())}).Open
	if u.Scheme == "file" {
		open = new(file.Files).Open
	}
	s, _, err := open(context.Background(), driver.Source{URL: u})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func through(b *testing.B, s driver.Stream, size int) {
	b.Helper()
	ctx := context.Background()
	r, err := s.Subscribe(ctx, "g", driver.ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	start := time.Now()
	var all sync.WaitGroup
	all.Go(func() {
		for left := b.N; left > 0; left -= size {
			batch := make([]*driver.Message, min(left, size))
			for i := range batch {
				batch[i] = &driver.Message{Body: record}
			}
			if err := s.Publish(ctx, batch); err != nil {
				b.Error(err)
				return
			}
		}
	})
	buf, out := make([]driver.Delivery, 256), make([]driver.Settlement, 256)
	for left := b.N; left > 0; {
		n, err := r.Receive(ctx, buf)
		if err != nil {
			b.Fatal(err)
		}
		for i, d := range buf[:n] {
			out[i] = driver.Settlement{Delivery: d}
		}
		if err := r.Settle(ctx, out[:n]); err != nil {
			b.Fatal(err)
		}
		left -= n
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "records/s")
	if err := r.Close(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTopic is what a record costs through the portable side, published by 256
// callers at a time.
func BenchmarkTopic(b *testing.B) {
	x := &portable.Mux{}
	x.Register("nats", (&NATS{Folder: place(b.TempDir())}).Open)
	t, err := x.Open(context.Background(), "nats:///s", nil)
	if err != nil {
		b.Fatal(err)
	}
	const callers = 256
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := c; i < b.N; i += callers {
				if err := t.Publish(context.Background(), &portable.Message{Body: record}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	if err := t.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPack is the codec alone.
func BenchmarkPack(b *testing.B) {
	batch := make([]*driver.Message, 256)
	for i := range batch {
		batch[i] = &driver.Message{Key: "k", ID: "b1946ac92492d234", Time: time.Unix(1, 2), Body: record}
	}
	b.ReportAllocs()
	for i := 0; i < b.N; i += len(batch) {
		data := []byte{packVersion}
		for _, m := range batch {
			data = appendRecord(data, m)
		}
		if ms, err := unpack(data); err != nil || len(ms) != len(batch) {
			b.Fatal(err)
		}
	}
}

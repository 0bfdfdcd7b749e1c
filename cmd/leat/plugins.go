package main

import (
	"log/slog"

	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/s3blob"

	_ "github.com/leat-ml/leat/artifact/buckets/gcs"
	"github.com/leat-ml/leat/catalog"
	_ "github.com/leat-ml/leat/endpoint/postgres"
	_ "github.com/leat-ml/leat/endpoint/sqlite"
	_ "github.com/leat-ml/leat/feature/postgres"
	_ "github.com/leat-ml/leat/feature/redis"
	_ "github.com/leat-ml/leat/feature/sqlite"
	"github.com/leat-ml/leat/internal/cli"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/step/remote"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/file"
	"github.com/leat-ml/leat/stream/http"
	"github.com/leat-ml/leat/stream/mem"
	"github.com/leat-ml/leat/stream/nats"
)

// register adds the runtimes, steps and kinds of streams that are linked into the
// command. It is the list of them; sources of features, databases and buckets register themselves.
func register(set *catalog.Set, p cli.Plugins) {
	expr.Register(set)
	step.Register(set)
	remote.Register(set)
	streams(p.Streams, p.Data)
	queue.Register(set, p.Streams)
	trees.Register(set)
	python.Register(set, python.Options{Logger: slog.Default()})
	onnx.Register(set, onnx.Options{Library: p.ONNXRuntime, Trees: trees.LoadONNX})
}

// streams registers the kinds of streams. Those in memory and in files are the
// process's, whichever graph uses them.
func streams(x *stream.Mux, data *datadir.Dir) {
	memory, posts := &mem.Memory{}, &http.Posts{}
	x.Unpack(record.ContentType, record.Unpack)
	x.Register("mem", memory.Open)
	x.Register("dummy", memory.Open)
	x.Register("file", (&file.Files{Logger: slog.Default(), Folder: data.Sub("streams")}).Open)
	x.Register("http", posts.Open)
	x.Register("https", posts.Open)
	x.Register("nats", (&nats.NATS{Logger: slog.Default(), Folder: data.Sub("streams")}).Open)
}

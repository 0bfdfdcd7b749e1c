package grpc

import (
	"compress/zlib"
	"io"
	"sync"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // clients compress with it
)

func init() { encoding.RegisterCompressor(&deflate{}) }

// deflate is the compression that clients of gRPC in C++ and Python call so: the
// zlib format of RFC 1950.
type deflate struct{ readers, writers sync.Pool }

// Name implements [encoding.Compressor].
func (*deflate) Name() string { return "deflate" }

// Compress implements [encoding.Compressor].
func (d *deflate) Compress(w io.Writer) (io.WriteCloser, error) {
	z, ok := d.writers.Get().(*deflater)
	if !ok {
		return &deflater{zlib.NewWriter(w), d}, nil
	}
	z.Reset(w)
	return z, nil
}

// A deflater is used again once it is closed.
type deflater struct {
	*zlib.Writer
	from *deflate
}

// Close ends the compressed data.
func (z *deflater) Close() error {
	defer z.from.writers.Put(z)
	return z.Writer.Close()
}

// Decompress implements [encoding.Compressor].
func (d *deflate) Decompress(r io.Reader) (io.Reader, error) {
	in, ok := d.readers.Get().(io.ReadCloser)
	if !ok {
		in, err := zlib.NewReader(r)
		return &inflater{in, d}, err
	}
	if err := in.(zlib.Resetter).Reset(r, nil); err != nil {
		d.readers.Put(in)
		return nil, err
	}
	return &inflater{in, d}, nil
}

// An inflater gives what decompresses back once it has been read to the end.
type inflater struct {
	in   io.ReadCloser // nil at the end
	from *deflate
}

func (z *inflater) Read(p []byte) (int, error) {
	if z.in == nil {
		return 0, io.EOF
	}
	n, err := z.in.Read(p)
	if err == io.EOF {
		z.from.readers.Put(z.in)
		z.in = nil
	}
	return n, err
}

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
)

// image drives one image as a binary tensor, next to a handler of net/http that
// reads the same bytes and answers with them.
func (b *bench) image(ctx context.Context) (err error) {
	targets := []target{{name: "bare", command: b.dir + "/bareecho"}, {name: "leat-echo", command: b.dir + "/leatecho"}}
	for _, pkg := range []string{"bench/cmd/bareecho", "bench/cmd/leatecho"} {
		if err := b.build(ctx, filepath.Base(pkg), pkg); err != nil {
			return err
		}
	}
	servers, stop, err := b.start(ctx, targets)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	w := imageRequest()
	for _, conns := range b.connections() {
		if err := b.measure(ctx, w, conns, targets, servers); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// imageRequest is an image of 3x224x224 as FP32, sent and wanted as bytes.
func imageRequest() workload {
	const elements = 3 * 224 * 224
	pixels := make([]byte, 0, 4*elements)
	for i := range elements {
		pixels = binary.LittleEndian.AppendUint32(pixels, math.Float32bits(float32(i%255)/255))
	}
	doc := fmt.Appendf(nil, `{"inputs":[{"name":"x","shape":[1,3,224,224],"datatype":"FP32","parameters":{"binary_data_size":%d}}],`+
		`"parameters":{"binary_data_output":true}}`, len(pixels))
	return workload{
		name: "image-1x3x224x224", path: "/v2/models/echo/infer", body: append(bytes.Clone(doc), pixels...),
		fields: []string{"Inference-Header-Content-Length", strconv.Itoa(len(doc))},
		goals:  map[int]goal{1: {cpu: 1.3}, 16: {cpu: 1.3}, 64: {cpu: 1.3}},
		check: func(body []byte) error {
			if !bytes.HasSuffix(body, pixels) {
				return fmt.Errorf("the answer of %d bytes does not end with the image", len(body))
			}
			return nil
		},
	}
}

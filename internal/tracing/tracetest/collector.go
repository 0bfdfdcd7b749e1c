// Package tracetest is a collector of traces for tests: a [Collector] takes what
// OpenTelemetry's exporters send over OTLP/HTTP, decodes it with the types of
// the protocol, and tells it as text.
package tracetest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Span is one that a collector was sent.
type Span struct {
	Trace, ID, Parent string // in hexadecimal; Parent is "" for the first of a trace
	Service           string
	Name, Kind        string // "server", "internal", "consumer"
	Start, End        uint64 // in nanoseconds
	Attributes        map[string]string
	Failed            bool
	Message           string   // of the failure
	Links             []string // the IDs of spans
}

// A Collector is where spans are posted to. The zero value is ready to use. It
// is safe for concurrent use.
type Collector struct {
	mu       sync.Mutex
	spans    []Span
	requests []*http.Request // without their bodies
	problems []string
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	spans, err := decode(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, r)
	if err != nil {
		c.problems = append(c.problems, err.Error())
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.spans = append(c.spans, spans...)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Problems are the requests that were not understood.
func (c *Collector) Problems() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.problems)
}

// Requests are those that came, their bodies read.
func (c *Collector) Requests() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}

// Spans are those that came, in the order of their beginning.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Clone(c.spans)
	slices.SortStableFunc(all, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	return all
}

func decode(r *http.Request) ([]Span, error) {
	if t := r.Header.Get("Content-Type"); r.Method != http.MethodPost || t != "application/x-protobuf" {
		return nil, fmt.Errorf("%s of %q to %s", r.Method, t, r.URL.Path)
	}
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var sent collect.ExportTraceServiceRequest
	if err := proto.Unmarshal(raw, &sent); err != nil {
		return nil, err
	}
	var all []Span
	for _, of := range sent.GetResourceSpans() {
		service := attributes(of.GetResource().GetAttributes())["service.name"]
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				all = append(all, spanOf(service, s))
			}
		}
	}
	return all, nil
}

func spanOf(service string, s *pb.Span) Span {
	out := Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Service: service, Name: s.GetName(), Kind: strings.ToLower(strings.TrimPrefix(s.GetKind().String(), "SPAN_KIND_")),
		Start: s.GetStartTimeUnixNano(), End: s.GetEndTimeUnixNano(), Attributes: attributes(s.GetAttributes()),
		Failed: s.GetStatus().GetCode() == pb.Status_STATUS_CODE_ERROR, Message: s.GetStatus().GetMessage(),
	}
	for _, l := range s.GetLinks() {
		out.Links = append(out.Links, hex.EncodeToString(l.GetSpanId()))
	}
	return out
}

func attributes(list []*common.KeyValue) map[string]string {
	all := make(map[string]string, len(list))
	for _, a := range list {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			all[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			all[a.GetKey()] = fmt.Sprint(v.IntValue)
		default:
			all[a.GetKey()] = fmt.Sprint(v)
		}
	}
	return all
}

// Tree draws spans as text, each below the one that it is a child of: the name,
// the attributes that are asked for, and how it failed. Siblings are in the
// order of their names.
func Tree(spans []Span, attributes ...string) string {
	known := map[string]bool{}
	for _, s := range spans {
		known[s.ID] = true
	}
	below := map[string][]Span{}
	for _, s := range spans {
		if !known[s.Parent] {
			s.Parent = "" // somebody else's
		}
		below[s.Parent] = append(below[s.Parent], s)
	}
	var out bytes.Buffer
	var draw func(parent string, depth int)
	draw = func(parent string, depth int) {
		children := below[parent]
		slices.SortStableFunc(children, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Start, b.Start)) })
		for _, s := range children {
			out.WriteString(strings.Repeat("  ", depth) + s.Name)
			for _, key := range attributes {
				if v, ok := s.Attributes[key]; ok {
					fmt.Fprintf(&out, " %s=%s", key, v)
				}
			}
			if s.Failed {
				fmt.Fprintf(&out, " FAILED %s", s.Message)
			}
			out.WriteString("\n")
			draw(s.ID, depth+1)
		}
	}
	draw("", 0)
	return out.String()
}

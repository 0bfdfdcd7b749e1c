package endpoint

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// MarshalJSON implements [json.Marshaler]. Every key that MLRun's record has is
// there: what is unknown is empty, and a time that is unknown is null.
func (e Endpoint) MarshalJSON() ([]byte, error) {
	head, err := e.Head()
	if err != nil {
		return nil, err
	}
	return e.Status.Came().AppendTail(head), nil
}

// bare is an Endpoint without its method.
type bare Endpoint

// ends is how the text of a record without what has come ends.
const ends = "}}"

// Head is a record as JSON up to what has come to it, which [Came.AppendTail]
// appends: the part that hardly ever changes. Stores keep it as it is.
func (e *Endpoint) Head() ([]byte, error) {
	whole := bare(*e)
	whole.complete()
	st := &whole.Status
	st.FirstRequest, st.LastRequest, st.RequestCount, st.ErrorCount, st.Metrics = time.Time{}, time.Time{}, 0, 0, Metrics{}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(whole); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte(ends+"\n")), nil
}

// ParseHead reads a Head. What is empty is nil then.
func ParseHead(head []byte) (Endpoint, error) {
	var b bare
	err := json.Unmarshal(append(slices.Clip(head), ends...), &b)
	b.reduce()
	return Endpoint(b), err
}

// lists and documents are the fields that are written when they are empty, too.
func (b *bare) lists() []*[]string {
	return []*[]string{&b.Spec.FeatureNames, &b.Spec.LabelNames, &b.Status.Children, &b.Status.ChildrenUIDs}
}

func (b *bare) documents() []*json.RawMessage {
	return []*json.RawMessage{&b.Spec.MonitorConfiguration, &b.Status.FeatureStats, &b.Status.CurrentStats, &b.Status.DriftMeasures}
}

// complete makes what is nil empty.
func (b *bare) complete() {
	for _, l := range b.lists() {
		if *l == nil {
			*l = []string{}
		}
	}
	for _, d := range b.documents() {
		if len(*d) == 0 {
			*d = json.RawMessage("{}")
		}
	}
	if len(b.Status.Features) == 0 {
		b.Status.Features = json.RawMessage("[]")
	}
	b.Metadata.Labels = maps.Collect(maps.All(b.Metadata.Labels))
}

// reduce makes what is empty nil.
func (b *bare) reduce() {
	for _, l := range b.lists() {
		if len(*l) == 0 {
			*l = nil
		}
	}
	for _, d := range append(b.documents(), &b.Status.Features) {
		if text := string(*d); text == "{}" || text == "[]" || text == "null" {
			*d = nil
		}
	}
	if len(b.Metadata.Labels) == 0 {
		b.Metadata.Labels = nil
	}
}

// Came is what has come to an endpoint.
type Came struct {
	First, Last      int64 // requests, in microseconds since 1970; 0 for none
	Requests, Errors int64
	Rates            Rates
	RealTime         map[string][]Point
}

// Came is what has come to the endpoint.
func (s *Status) Came() *Came {
	return &Came{Micros(s.FirstRequest), Micros(s.LastRequest), s.RequestCount, s.ErrorCount, s.Metrics.Generic, s.Metrics.RealTime}
}

// AppendTail appends to the head of a record what has come to the endpoint, and
// the end.
func (c *Came) AppendTail(dst []byte) []byte {
	dst = appendTime(append(dst, `,"first_request":`...), c.First)
	dst = appendTime(append(dst, `,"last_request":`...), c.Last)
	dst = strconv.AppendInt(append(dst, `,"request_count":`...), c.Requests, 10)
	dst = strconv.AppendInt(append(dst, `,"error_count":`...), c.Errors, 10)
	dst = appendFloat(append(dst, `,"metrics":{"generic":{"latency_avg_1h":`...), c.Rates.LatencyAvg1h)
	dst = appendFloat(append(dst, `,"predictions_per_second":`...), c.Rates.PredictionsPerSecond)
	dst = append(dst, '}')
	if len(c.RealTime) > 0 {
		if text, err := json.Marshal(c.RealTime); err == nil { // numbers and times only
			dst = append(append(dst, `,"real_time":`...), text...)
		}
	}
	return append(append(dst, '}'), ends...)
}

func appendTime(dst []byte, us int64) []byte {
	if us == 0 {
		return append(dst, "null"...)
	}
	dst = FromMicros(us).AppendFormat(append(dst, '"'), time.RFC3339Nano)
	return append(dst, '"')
}

// appendFloat writes what is no number as 0, since JSON has none of them.
func appendFloat(dst []byte, f float64) []byte {
	if f-f != 0 {
		f = 0
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

// Micros is a time in microseconds since 1970, and 0 for none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the time of [Micros].
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

package nats

import (
	"testing"
	"time"

	client "github.com/nats-io/nats.go"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/leat-ml/leat/stream/driver"
)

func messages() []*driver.Message {
	return []*driver.Message{
		{Body: []byte("1")},
		{Body: []byte{}},
		{Key: "k ü\n:", ID: "i\x00", Time: time.Unix(-5, 6).UTC(), Body: []byte("a\r\nb")},
		{Header: map[string][]string{
			"X": {"a", "b"}, "Empty": {}, "": {"x"}, "Nats-Rollup": {"all"}, "nats-msg-id": {"x"}, "Leat-Pack": {"7 0"},
			"Space": {" a "}, "Line": {"a\r\nNats-Rollup: all"}, "Co:lon": {"1"}, "Blank": {""},
		}},
	}
}

// same compares what may be nil or empty alike.
var same = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(driver.Message{})}

func TestPack(t *testing.T) {
	data := []byte{packVersion}
	for _, m := range messages() {
		data = appendRecord(data, m)
	}
	got, err := unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(messages(), got, same); diff != "" {
		t.Errorf("unpacked (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "\x01", "\x02\x00\x00", "\x01\x00", "\x01\xf0\x00", "\x01\x00\x05abc", "\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x01\x08\xff\xff\xff\xff\x7f", "\x01\x04\x02\xff\xff\xff\xff\x7f\x00"} {
		if ms, err := unpack([]byte(bad)); err == nil {
			t.Errorf("%q was taken for %d records", bad, len(ms))
		}
	}
}

// TestHeaders wants every message to come back through header fields that the
// server reads, and none that it obeys.
func TestHeaders(t *testing.T) {
	for i, m := range messages() {
		sent := toNATS("s", m)
		for name, values := range sent.Header {
			if !plain(name, values) && name != keyField && name != idField && name != timeField && name != moreField {
				t.Errorf("message %d: field %q: %q is sent as it is", i, name, values)
			}
		}
		got := fromNATS(&client.Msg{Header: sent.Header, Data: sent.Data})
		want := *m
		if len(m.Header) > 0 { // a field without values has no place
			want.Header = map[string][]string{}
			for name, values := range m.Header {
				if len(values) > 0 {
					want.Header[name] = values
				}
			}
		}
		if diff := cmp.Diff(&want, got, same); diff != "" {
			t.Errorf("message %d (-want +got):\n%s", i, diff)
		}
	}
}

// FuzzUnpack wants what is taken for a pack to be the same after packing it.
func FuzzUnpack(f *testing.F) {
	data := []byte{packVersion}
	for _, m := range messages() {
		data = appendRecord(data, m)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ms, err := unpack(data)
		if err != nil {
			return
		}
		again := []byte{packVersion}
		for _, m := range ms {
			again = appendRecord(again, m)
		}
		got, err := unpack(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ms, got, same); diff != "" {
			t.Fatalf("again (-want +got):\n%s", diff)
		}
	})
}

// FuzzHeaders wants nothing that a server of NATS sends to be too much.
func FuzzHeaders(f *testing.F) {
	f.Add("Leat-More", "a=b&c=%00", []byte("x"))
	f.Add("Leat-Pack", "3 9223372036854775807", []byte("\x01\x00\x01x"))
	f.Fuzz(func(t *testing.T, name, value string, body []byte) {
		m := fromNATS(&client.Msg{Header: client.Header{name: {value}}, Data: body})
		if string(m.Body) != string(body) {
			t.Errorf("body %q became %q", body, m.Body)
		}
		if before, n := readPackField(value); before < 0 || n < 1 || n > maxPack {
			t.Errorf("%q: %d records behind %d", value, n, before)
		}
	})
}

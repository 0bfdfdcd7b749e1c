package python

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// A meta is the metadata of a call on its way. Calls that have the same are
// alike to the last byte: the worker knows those again and does not read them.
type meta struct{ b []byte }

func (m *meta) key(name string) {
	switch len(m.b) {
	case 0:
		m.b = append(m.b, '{')
	case 1: // an object that has begun
	default:
		m.b = append(m.b, ',')
	}
	m.b = append(append(append(m.b, '"'), name...), `":`...)
}

// text writes a member unless it is empty.
func (m *meta) text(key, v string) {
	if v != "" {
		m.key(key)
		m.b = jsontext.AppendString(m.b, v)
	}
}

// number writes a member unless it is 0.
func (m *meta) number(key string, n uint64) {
	if n != 0 {
		m.key(key)
		m.b = strconv.AppendUint(m.b, n, 10)
	}
}

// json writes a member that is JSON already.
func (m *meta) json(key string, v []byte) {
	m.key(key)
	m.b = append(m.b, v...)
}

// time writes a moment.
func (m *meta) time(key string, t time.Time) {
	if !t.IsZero() {
		m.key(key)
		m.b = append(t.UTC().AppendFormat(append(m.b, '"'), "2006-01-02T15:04:05.000000Z07:00"), '"')
	}
}

// value writes a member of any kind.
func (m *meta) value(key string, v any) error {
	m.key(key)
	var err error
	m.b, err = oip.AppendValue(m.b, v)
	return err
}

func (m *meta) tensor(t *serve.Tensor) error {
	m.b = jsontext.AppendString(append(m.b, `{"name":`...), t.Name)
	m.b = append(append(append(m.b, `,"datatype":"`...), t.Datatype.String()...), `","shape":[`...)
	for i, n := range t.Shape {
		if i > 0 {
			m.b = append(m.b, ',')
		}
		m.b = strconv.AppendInt(m.b, int64(n), 10)
	}
	m.b = append(m.b, ']')
	if t.Datatype == serve.Bytes {
		m.b = append(appendTexts(append(m.b, `,"data":[`...), t.Strings()), ']')
	}
	var err error
	if len(t.Parameters) > 0 {
		err = m.value("parameters", t.Parameters)
	}
	m.b = append(m.b, '}')
	return err
}

// request writes what a request says of itself: the id that the client sent, its
// parameters, and the outputs that are wanted.
func (m *meta) request(r *serve.Request) error {
	if r.RawID != nil {
		m.json("id", r.RawID)
	}
	if len(r.Parameters) > 0 {
		if err := m.value("params", r.Parameters); err != nil {
			return err
		}
	}
	if len(r.Outputs) == 0 {
		return nil
	}
	m.key("outputs")
	for i, o := range r.Outputs {
		m.b = append(m.b, "[,"[min(i, 1)])
		m.b = jsontext.AppendString(append(m.b, `{"name":`...), o.Name)
		if len(o.Parameters) > 0 {
			m.key("parameters")
			var err error
			if m.b, err = oip.AppendValue(m.b, o.Parameters); err != nil {
				return err
			}
		}
		m.b = append(m.b, '}')
	}
	m.b = append(m.b, ']')
	return nil
}

// event writes what an event has besides its body.
func (m *meta) event(ev *serve.Event) {
	m.text("id", ev.Identify())
	path := ev.Target.Path
	if ev.Target.Operation != "" { // a router has read the rest
		path = ev.Target.Operation
	}
	if m.text("path", path); path == "" && ev.Target.Model != "" { // a router has read it all
		m.json("path", []byte(`""`))
	}
	m.text("method", ev.Target.Method)
	m.text("key", ev.Key)
	m.time("time", ev.Time)
	m.text("content_type", ev.Header.Value("Content-Type"))
	m.header("headers", ev.Header)
	if ev.Trigger.Kind != "" {
		m.key("trigger")
		m.b = jsontext.AppendString(append(m.b, `{"kind":`...), ev.Trigger.Kind)
		m.b = append(jsontext.AppendString(append(m.b, `,"name":`...), ev.Trigger.Name), '}')
	}
	if ev.Fault != nil {
		m.text("origin_state", ev.Fault.Step)
		m.key("error")
		m.b = append(jsontext.AppendString(append(m.b, '{'), ev.Fault.Step), ':')
		m.b = append(jsontext.AppendString(m.b, faultText(ev.Fault)), '}')
	}
}

// header writes the first value of each field, unless there are none.
func (m *meta) header(key string, h serve.Header) {
	if len(h) == 0 {
		return
	}
	m.key(key)
	m.b = append(m.b, '{')
	for i, name := range slices.Sorted(maps.Keys(h)) {
		if i > 0 {
			m.b = append(m.b, ',')
		}
		m.b = append(jsontext.AppendString(m.b, name), ':')
		m.b = jsontext.AppendString(m.b, h.Value(name))
	}
	m.b = append(m.b, '}')
}

// faultText is the error as MLRun's handlers find it: the exception's text.
func faultText(f *serve.Fault) string {
	_, text, _ := cutClass(serve.Classic(f.Err))
	return text
}

// cutClass splits "ValueError: no" at the colon.
func cutClass(s string) (class, text string, ok bool) {
	for i := range len(s) {
		if s[i] == ':' && i+1 < len(s) && s[i+1] == ' ' {
			return s[:i], s[i+2:], true
		}
	}
	return "", s, false
}

// end returns the metadata.
func (m *meta) end() []byte {
	if len(m.b) == 0 {
		return nil
	}
	return append(m.b, '}')
}

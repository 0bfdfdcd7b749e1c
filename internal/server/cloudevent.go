package server

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A cloudMode is one of the two forms of a cloud event over HTTP, by the HTTP
// protocol binding of CloudEvents 1.0; "" is no cloud event.
type cloudMode string

const (
	binaryMode     cloudMode = "binary"     // attributes in the header
	structuredMode cloudMode = "structured" // attributes and data in a JSON document
)

// The content type of an event in structured mode, and how those of all its formats
// and of batches begin.
const (
	cloudType  = "application/cloudevents+json"
	cloudTypes = "application/cloudevents"
)

// What answers are, as KServe names it.
const (
	answerType   = "io.kserve.inference.response"
	answerSource = "io.kserve.inference."
)

// cloudAttributes are those that every cloud event has.
var cloudAttributes = []string{"id", "source", "specversion", "type"}

// cloudData is the data of a cloud event, or the body of what is none.
func cloudData(ev *serve.Event) (serve.Body, cloudMode, error) {
	media, _, _ := strings.Cut(ev.Header.Value("Content-Type"), ";")
	switch media = strings.ToLower(strings.TrimSpace(media)); {
	case media == cloudType:
		body, err := structuredData(ev.Body)
		return body, structuredMode, err
	case strings.HasPrefix(media, cloudTypes):
		return ev.Body, "", serve.Errorf(serve.Unsupported, "", "the content type %s is not taken: send one cloud event, as %s or with its attributes in the header", media, cloudType)
	}
	if ev.Header.Value("Ce-Specversion") == "" && ev.Header.Value("Ce-Type") == "" && ev.Header.Value("Ce-Id") == "" {
		if isCloud(ev.Body) {
			body, err := structuredData(ev.Body)
			return body, structuredMode, err
		}
		return ev.Body, "", nil
	}
	return ev.Body, binaryMode, checkCloud(func(name string) string {
		return ev.Header.Value("Ce-" + strings.ToUpper(name[:1]) + name[1:])
	})
}

// isCloud says whether a document that is called nothing but JSON is an event, as KServe
// looks for one: it has all that events have, and no request beside it.
func isCloud(body serve.Body) bool {
	doc, err := oip.Value(body) // which is kept for who reads it next
	o, ok := doc.(*serve.Object)
	if err != nil || !ok {
		return false
	}
	has := func(name string) bool { _, ok := o.Value(name); return ok }
	return !slices.ContainsFunc(cloudAttributes, func(name string) bool { return !has(name) }) &&
		(has("data") || has("data_base64")) && !has("instances") && !has("inputs")
}

// checkCloud checks the attributes that every event has. Its time nobody reads here: one that
// is malformed is taken, as CloudEvents' packages for Python, KServe's among them, and for
// Node do. Times of Python often have no zone.
func checkCloud(attribute func(name string) string) error {
	for _, name := range cloudAttributes {
		if attribute(name) == "" {
			return serve.Errorf(serve.BadRequest, "ValueError", "the cloud event has no %s", name)
		}
	}
	if v := attribute("specversion"); v != "1.0" && v != "0.3" {
		return serve.Errorf(serve.BadRequest, "ValueError", "the cloud event has specversion %q: 1.0 and 0.3 are known", v)
	}
	return nil
}

func structuredData(body serve.Body) (serve.Body, error) {
	doc, err := oip.Value(body)
	if err != nil {
		return body, serve.Errorf(oip.Unreadable(err), "ValueError", "the cloud event cannot be read: %w", err)
	}
	o, ok := doc.(*serve.Object)
	if !ok {
		return body, serve.Errorf(serve.BadRequest, "ValueError", "the cloud event is not a JSON object")
	}
	for _, name := range cloudAttributes {
		if v, ok := o.Value(name); ok && v != nil {
			if _, ok := v.(string); !ok {
				return body, serve.Errorf(serve.BadRequest, "ValueError", "the %s of the cloud event is no text", name)
			}
		}
	}
	err = checkCloud(func(name string) string {
		v, _ := o.Value(name)
		s, _ := v.(string)
		return s
	})
	if err != nil {
		return body, err
	}
	data, plain := o.Value("data")
	if _, ok := data.(*serve.Object); plain && !ok && data != nil {
		return body, serve.Errorf(serve.BadRequest, "ValueError", "the data of the cloud event is not a JSON object")
	}
	v, coded := o.Value("data_base64")
	switch {
	case plain && coded:
		return body, serve.Errorf(serve.BadRequest, "ValueError", "the cloud event has both data and data_base64")
	case plain && data != nil:
		return serve.ValueBody(data), nil
	case coded:
		text, _ := v.(string)
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || text == "" {
			return body, serve.Errorf(serve.BadRequest, "ValueError", "the data_base64 of the cloud event is not base64")
		}
		return serve.RawBody(raw), nil
	}
	return body, serve.Errorf(serve.BadRequest, "ValueError", "the cloud event has no data")
}

// reply makes the answer of a model a cloud event of the mode.
func (m cloudMode) reply(ev *serve.Event, model string) {
	if m == "" {
		return
	}
	attributes := []serve.Field{
		{Key: "specversion", Value: "1.0"},
		{Key: "id", Value: serve.NewEvent(serve.Target{}, nil).Identify()},
		{Key: "source", Value: answerSource + model},
		{Key: "type", Value: answerType},
		{Key: "time", Value: time.Now().UTC().Format(time.RFC3339Nano)},
	}
	r := serve.Reply{}
	if ev.Reply != nil {
		r = *ev.Reply
	}
	if m == binaryMode {
		header := serve.Header{}
		for name, values := range r.Header {
			header[name] = values
		}
		for _, a := range attributes {
			// The source is a URI already, of which a header has only the percent sign otherwise.
			value := strings.ReplaceAll(a.Value.(string), "%", "%25")
			header["Ce-"+strings.ToUpper(a.Key[:1])+a.Key[1:]] = []string{value}
		}
		r.Header = header
	} else {
		v, _ := ev.Body.Value()
		attributes = append(attributes, serve.Field{Key: "datacontenttype", Value: "application/json"}, serve.Field{Key: "data", Value: v})
		ev.Body = serve.ValueBody(serve.NewObject(attributes...))
		r.ContentType = cloudType
	}
	ev.Reply = &r
}

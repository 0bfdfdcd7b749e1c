package tracing

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A Config says where spans go, and which.
type Config struct {
	// Endpoint is the whole URL that spans are posted to, of http or https.
	Endpoint string
	// Sampler chooses the traces that are kept; nil means those that the caller
	// keeps, and all that begin here.
	Sampler sdktrace.Sampler
	// Queue is how many spans may wait to be sent; 0 means DefaultQueue.
	Queue int
	// Version of the server, for the resource that the spans are of.
	Version string
	// Settings choose the requests that are followed; nil means all. Of those the
	// sampler chooses.
	Settings *Settings
}

// DefaultQueue is how many spans may wait to be sent, as in OpenTelemetry's SDK.
const DefaultQueue = sdktrace.DefaultMaxQueueSize

const tracesPath = "/v1/traces"

// Configure makes a configuration of a user's settings: the URL of a collector,
// and the variables of the environment that OpenTelemetry defines for what the
// URL does not say. It returns nil where nothing is to be sent. Errors name the
// setting. Variables that are about the connection (headers, certificates,
// compression, timeout) and the attributes of the resource are read by
// OpenTelemetry's own packages when sending starts.
func Configure(flag string, lookup func(string) (string, bool)) (*Config, error) {
	env := func(name string) string {
		v, _ := lookup(name)
		return strings.TrimSpace(v)
	}
	c := &Config{}
	var err error
	if c.Endpoint, err = endpoint(flag, env); err != nil || c.Endpoint == "" {
		return nil, err
	}
	if c.Sampler, err = sampler(env("OTEL_TRACES_SAMPLER"), env("OTEL_TRACES_SAMPLER_ARG")); err != nil {
		return nil, err
	}
	if q := env("OTEL_BSP_MAX_QUEUE_SIZE"); q != "" {
		if c.Queue, err = strconv.Atoi(q); err != nil || c.Queue <= 0 {
			return nil, fmt.Errorf("OTEL_BSP_MAX_QUEUE_SIZE is %q, which is no number of spans", q)
		}
	}
	return c, nil
}

// endpoint is where spans go; "" is nowhere. The flag wins over the environment.
func endpoint(flag string, env func(string) string) (string, error) {
	if flag != "" {
		u, err := collector(flag)
		if err != nil {
			return "", fmt.Errorf("--traces %q %w", flag, err)
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = tracesPath
		}
		return u.String(), nil
	}
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || env("OTEL_TRACES_EXPORTER") == "none" {
		return "", nil
	}
	name, whole := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", true
	if env(name) == "" {
		name, whole = "OTEL_EXPORTER_OTLP_ENDPOINT", false
	}
	text := env(name)
	if text == "" {
		return "", nil
	}
	u, err := collector(text)
	if err != nil {
		return "", fmt.Errorf("%s is %q, which %w", name, text, err)
	}
	if err := protocol(env); err != nil {
		return "", err
	}
	if !whole { // the specification has it as a base
		u.Path = strings.TrimRight(u.Path, "/") + tracesPath
	}
	return u.String(), nil
}

// protocol refuses an environment that is made for another one.
func protocol(env func(string) string) error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		switch p := env(name); p {
		case "":
		case "http/protobuf", "http/json":
			return nil
		default:
			return fmt.Errorf("%s is %q: traces are sent over http/protobuf, to the port that a collector has for it (4318 as a rule)", name, p)
		}
	}
	return nil
}

// collector reads the URL of a collector. Its errors go on behind the URL.
func collector(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, fmt.Errorf("is not a URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, errors.New("is not the http or https URL of a collector, such as http://127.0.0.1:4318")
	case u.User != nil:
		return nil, errors.New("has a name or a password in it: put them in a header with OTEL_EXPORTER_OTLP_HEADERS")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("has a query, and spans are posted to a path")
	}
	return u, nil
}

// sampler is the one that OTEL_TRACES_SAMPLER names.
func sampler(name, arg string) (sdktrace.Sampler, error) {
	if name == "" {
		return nil, nil
	}
	name = strings.ToLower(name)
	root, parented := strings.CutPrefix(name, "parentbased_")
	var s sdktrace.Sampler
	switch root {
	case "always_on":
		s = sdktrace.AlwaysSample()
	case "always_off":
		s = sdktrace.NeverSample()
	case "traceidratio":
		share, err := ratio(arg)
		if err != nil {
			return nil, err
		}
		s = sdktrace.TraceIDRatioBased(share)
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER is %q: choose always_on, always_off or traceidratio, or one of them with parentbased_ before it", name)
	}
	if parented {
		s = sdktrace.ParentBased(s)
	}
	return s, nil
}

func ratio(arg string) (float64, error) {
	if arg == "" {
		return 1, nil
	}
	share, err := strconv.ParseFloat(arg, 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return 0, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q, which is no share of the traces: a number from 0 to 1", arg)
	}
	return share, nil
}

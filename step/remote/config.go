package remote

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
)

// config are the arguments of both classes.
type config struct {
	URL            string            `arg:"url"`
	Subpath        string            `arg:"subpath"`
	Method         string            `arg:"method"`
	Headers        map[string]string `arg:"headers"`
	URLExpression  string            `arg:"url_expression"`
	BodyExpression string            `arg:"body_expression"`
	ReturnJSON     *bool             `arg:"return_json"`
	InputPath      string            `arg:"input_path"`
	ResultPath     string            `arg:"result_path"`
	MaxInFlight    int               `arg:"max_in_flight"`
	Retries        *int              `arg:"retries"`
	BackoffFactor  float64           `arg:"backoff_factor"`
	Timeout        time.Duration     `arg:"timeout"`

	// What MLRun does not have.
	OnStatus     string        `arg:"on_status"`
	MaxResponse  int64         `arg:"max_response_bytes"`
	HedgeAfter   time.Duration `arg:"hedge_after"`
	Failures     int           `arg:"breaker_failures"`
	Rest         time.Duration `arg:"breaker_seconds"`
	AllowedHosts []string      `arg:"allowed_hosts"`
	CAFile       string        `arg:"ca_file"`
}

// Defaults.
const (
	defaultInFlight = 256
	batchInFlight   = 64
	defaultRetries  = 6
	defaultTimeout  = 60 * time.Second // of an attempt
	maxResponse     = 64 << 20
	defaultFailures = 10
	defaultRest     = 5 * time.Second
)

func decode(a catalog.Args) (config, error) {
	c := config{
		BackoffFactor: 1, Timeout: defaultTimeout, MaxResponse: maxResponse,
		OnStatus: "error", Failures: defaultFailures, Rest: defaultRest,
	}
	if err := (args.Decoder{Func: a.Func}).Decode(a.Values, &c); err != nil {
		return c, err
	}
	var problems args.Error
	add := func(arg, format string, v ...any) {
		problems = append(problems, args.Problem{Arg: arg, Msg: fmt.Sprintf(format, v...)})
	}
	c.Method = strings.ToUpper(c.Method)
	if c.Method != "" && !token(c.Method) {
		add("method", "must be a method of HTTP, found %q", c.Method)
	}
	if c.OnStatus != "error" && c.OnStatus != "pass" && c.OnStatus != "answer" {
		add("on_status", "must be error, pass or answer, found %q", c.OnStatus)
	}
	for _, name := range sortedKeys(c.Headers) {
		if !token(name) || !fieldValue(c.Headers[name]) {
			add("headers."+name, "is not a header field that HTTP can carry")
		}
	}
	for _, n := range []struct {
		arg string
		bad bool
	}{
		{"backoff_factor", !(c.BackoffFactor >= 0)}, {"timeout", c.Timeout <= 0}, {"hedge_after", c.HedgeAfter < 0},
		{"max_in_flight", c.MaxInFlight < 0}, {"retries", c.Retries != nil && *c.Retries < 0},
		{"max_response_bytes", c.MaxResponse <= 0}, {"breaker_failures", c.Failures < 0}, {"breaker_seconds", c.Rest <= 0},
	} {
		if n.bad {
			add(n.arg, "is out of range")
		}
	}
	if len(problems) > 0 {
		return c, problems
	}
	return c, nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// token says whether s can be a method or the name of a field (RFC 9110, 5.6.2).
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

// fieldValue says whether s can be the value of a field.
func fieldValue(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}

// idempotent says whether a second request does no harm (RFC 9110, 9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

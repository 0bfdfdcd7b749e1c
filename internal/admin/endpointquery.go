package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leat-ml/leat/endpoint"
)

// params are the parameters of a request. Those that are not known are left alone,
// as MLRun does.
type params struct {
	values  url.Values
	project string
	errs    []error
}

func parameters(r *http.Request) *params {
	p := &params{project: r.PathValue("project")}
	var err error
	if p.values, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		p.errs = append(p.errs, errors.New("the parameters cannot be read"))
	}
	if p.project == "*" {
		p.project = ""
	}
	return p
}

// one is the first of the names that has a value: newer versions of MLRun write
// dashes, older ones underscores.
func (p *params) one(names ...string) string {
	for _, name := range names {
		if v := p.values.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// all are the values of parameters that are repeated, or have commas.
func (p *params) all(names ...string) []string {
	var all []string
	for _, name := range names {
		for _, v := range p.values[name] {
			for part := range strings.SplitSeq(v, ",") {
				if part = strings.TrimSpace(part); part != "" {
					all = append(all, part)
				}
			}
		}
	}
	return all
}

func (p *params) yes(names ...string) bool {
	text := p.one(names...)
	if text == "" {
		return false
	}
	yes, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		p.wrong("%s is %q, not true or false", names[0], text)
	}
	return yes
}

// wrong notes a mistake, once: some parameters are read for two things.
func (p *params) wrong(format string, args ...any) {
	err := bad(format, args...)
	if !slices.ContainsFunc(p.errs, func(e error) bool { return e.Error() == err.Error() }) {
		p.errs = append(p.errs, err)
	}
}

// query is what the parameters of both generations ask for.
func (p *params) query() *endpoint.Query {
	q := &endpoint.Query{
		Project: p.project,
		UIDs:    append(p.all("uid"), p.all("endpoint-id", "endpoint_id")...),
		Model:   p.one("model"), Function: p.one("function"),
		ModelName: p.one("model-name", "model_name", "name"), ModelTag: p.one("model-tag", "model_tag"),
		FunctionName: p.one("function-name", "function_name"), FunctionTag: p.one("function-tag", "function_tag"),
		TopLevel: p.yes("top-level", "top_level"), LatestOnly: p.yes("latest-only", "latest_only"),
		Mode:  p.mode(),
		After: p.one("page-token", "page_token"),
	}
	for _, text := range p.all("label", "labels") {
		l, err := endpoint.ParseLabel(text)
		if err != nil {
			p.errs = append(p.errs, err)
		}
		q.Labels = append(q.Labels, l)
	}
	if text := p.one("page-size", "page_size"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			p.wrong("page-size is %q, not a number of endpoints", text)
		}
		q.Limit = n
	}
	start, end := p.time("start"), p.time("end")
	if len(p.all("metric")) == 0 && !relative(p.one("start")) && !relative(p.one("end")) {
		q.CreatedAfter, q.CreatedBefore = start, end
	}
	p.yes("tsdb-metrics", "tsdb_metrics") // what it would add is always there
	return q
}

// mode is that of monitoring. What newer versions call so is a number or a name of
// how an endpoint is fed, of which there is one here: real-time.
func (p *params) mode() string {
	switch text := p.one("monitoring-mode", "monitoring_mode", "mode"); text {
	case "", "0", "real_time", "real-time":
		return ""
	case endpoint.Enabled, endpoint.Disabled:
		return text
	default:
		return "none of " + text // which no endpoint has
	}
}

// relative says whether a time is one of the first generation, in which start and
// end are of live metrics; later they are of the creation of endpoints.
func relative(text string) bool { return strings.HasPrefix(text, "now") || text == "0" }

// time reads a time of MLRun: RFC 3339, milliseconds since 1970, now, now-1h, or 0.
func (p *params) time(name string) time.Time {
	text := p.one(name)
	if text == "" || text == "0" {
		return time.Time{}
	}
	t, err := parseTime(text, time.Now())
	if err != nil {
		p.wrong("%s is %q: a time is RFC 3339, milliseconds since 1970, now, or now-1h (s, m, h, d)", name, text)
	}
	return t
}

var errTime = errors.New("no time")

// units are those of relative times.
var units = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}

func parseTime(text string, now time.Time) (time.Time, error) {
	if rest, ok := strings.CutPrefix(text, "now"); ok {
		return back(rest, now)
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		const most = 253402300799999 // the end of the year 9999
		if ms < 0 || ms > most {
			return time.Time{}, errTime
		}
		return time.UnixMilli(ms), nil
	}
	// A + of the zone is a blank in a URL that was not escaped.
	return time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+"))
}

// back is what follows now: -1h, or nothing.
func back(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	if len(text) < 3 || text[0] != '-' {
		return now, errTime
	}
	last := len(text) - 1
	n, err := strconv.ParseUint(text[1:last], 10, 32)
	unit := units[text[last]]
	if err != nil || unit == 0 || n > uint64(100*365*24*time.Hour/unit) {
		return now, errTime
	}
	return now.Add(-time.Duration(n) * unit), nil
}

// end is what is wrong with the parameters.
func (p *params) end(q *endpoint.Query) error {
	if err := errors.Join(p.errs...); err != nil {
		return bad("%w", err)
	}
	if err := q.Validate(); err != nil {
		return bad("%w", err)
	}
	return nil
}

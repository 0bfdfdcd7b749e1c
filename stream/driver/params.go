package driver

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Params reads the options of a URL: its query. Every option that is there must
// be read, else Err reports it.
type Params struct {
	left url.Values
	read []string
	errs []error
}

// ParamsOf are the options of a URL.
func ParamsOf(u *url.URL) *Params {
	q, err := url.ParseQuery(u.RawQuery)
	p := &Params{left: q}
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("the options after \"?\" cannot be read: %w", err))
	}
	return p
}

// Text returns an option as it is.
func (p *Params) Text(name, otherwise string) string {
	p.read = append(p.read, name)
	values, ok := p.left[name]
	if !ok {
		return otherwise
	}
	delete(p.left, name)
	if len(values) > 1 {
		p.errs = append(p.errs, fmt.Errorf("option %s is there %d times", name, len(values)))
	}
	return values[0]
}

// Int returns an option that is a number from low on.
func (p *Params) Int(name string, otherwise, low int) int {
	text := p.Text(name, "")
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low {
		p.errs = append(p.errs, fmt.Errorf("option %s must be a whole number, at least %d, found %q", name, low, text))
		return otherwise
	}
	return n
}

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

// Size returns an option that is a number of bytes, such as 64MiB.
func (p *Params) Size(name string, otherwise int64) int64 {
	text := p.Text(name, "")
	if text == "" {
		return otherwise
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n > 0 && n <= (1<<62)/u.bytes {
			return n * u.bytes
		}
		break
	}
	p.errs = append(p.errs, fmt.Errorf("option %s must be a size such as 64MiB, found %q", name, text))
	return otherwise
}

// Duration returns an option that is a time such as 100ms.
func (p *Params) Duration(name string, otherwise time.Duration) time.Duration {
	text := p.Text(name, "")
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		p.errs = append(p.errs, fmt.Errorf("option %s must be a duration such as 100ms, found %q", name, text))
		return otherwise
	}
	return d
}

// Err reports what was wrong, and the options that nothing has read.
func (p *Params) Err() error {
	slices.Sort(p.read)
	known := "it has none"
	if names := slices.Compact(p.read); len(names) > 0 {
		known = "there are " + strings.Join(names, ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(p.left)) {
		p.errs = append(p.errs, fmt.Errorf("unknown option %q (%s)", name, known))
	}
	return errors.Join(p.errs...)
}

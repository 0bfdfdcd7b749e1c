package feature

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// An OpenFunc makes the source at a URL. It reads nothing yet. Its errors may
// name the parts of the URL, but not its user and password.
type OpenFunc func(u *url.URL, o Options) (Source, error)

var opens = map[string]OpenFunc{}

// Register adds a kind of source under the scheme of its URLs. The packages of the
// kinds call it when they are linked in. It panics when the scheme is taken.
func Register(scheme string, open OpenFunc) {
	if scheme == "" || open == nil || opens[scheme] != nil || scheme == "file" || scheme == "sql" {
		panic(fmt.Sprintf("feature: scheme %q is empty, has no source or is registered twice", scheme)) //nolint:forbidigo // a registry's misuse
	}
	opens[scheme] = open
}

// Open returns the source at an address: the path of a CSV file or its file URL, a
// URL of a kind that is registered, or sql://<driver>/<table> for a table of the
// database that the options name, whose driver the program links. It reads nothing
// yet.
func Open(address string, o Options) (Source, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil && strings.Contains(address, "://"):
		return nil, fmt.Errorf("%q is no URL: %w", Redacted(address), cause(err))
	case err != nil || u.Scheme == "":
		return csvTable(address, address, o)
	case u.Scheme == "sql":
		return openSQL(u.Host, strings.TrimPrefix(u.Path, "/"), o)
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost"):
		return csvTable(address, u.Path, o)
	case opens[u.Scheme] == nil:
		return nil, unknown(address)
	}
	s, err := opens[u.Scheme](u, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Redacted(address), err)
	}
	return remote(s, o), nil
}

func csvTable(address, path string, o Options) (Source, error) {
	if !strings.EqualFold(filepath.Ext(path), ".csv") {
		return nil, unknown(address)
	}
	return &Table{path: path, o: o}, nil
}

func unknown(address string) error {
	kinds := []string{"the path of a CSV file, its file:// URL"}
	for _, scheme := range slices.Sorted(maps.Keys(opens)) {
		kinds = append(kinds, scheme+":")
	}
	return fmt.Errorf("%q is no source of features: it is %s or sql://<driver>/<table>; feature vectors of MLRun's feature store are exported to one of them", Redacted(address), strings.Join(kinds, ", "))
}

// cause is what is wrong with a URL, without the URL, which may have a password.
func cause(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return errors.New(quoted.ReplaceAllString(err.Error(), "of it"))
}

// quoted is the part of the URL that an error repeats.
var quoted = regexp.MustCompile(`".*"`)

// Redacted is an address without what may be a password: all between the scheme
// and the last @, and the query.
func Redacted(address string) string {
	head, rest, ok := strings.Cut(address, "://")
	if !ok {
		address, _, _ = strings.Cut(address, "?")
		return address
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "xxxxx" + rest[at:]
	}
	rest, _, _ = strings.Cut(rest, "?")
	return head + "://" + rest
}

// Parameters takes those of a URL's query that a source knows: one value of each.
// Any other is an error.
func Parameters(u *url.URL, known ...string) (map[string]string, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("its query: %w", cause(err))
	}
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch {
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("unknown parameter %q: there are %s", name, strings.Join(known, ", "))
		case len(query[name]) > 1:
			return nil, fmt.Errorf("the parameter %s is there twice", name)
		}
		values[name] = query[name][0]
	}
	return values, nil
}

// A bounded source is asked within a time, so that a server that does not answer
// holds nobody up.
type bounded struct {
	Source
	timeout time.Duration
}

func remote(s Source, o Options) Source {
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	return &bounded{s, o.Timeout}
}

// Lookup implements [Source]. What fails since the time is up says so, however
// the connection puts it.
func (b *bounded) Lookup(ctx context.Context, keys []Key) ([]Row, error) {
	if len(keys) == 0 {
		return []Row{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	rows, err := b.Source.Lookup(ctx, keys)
	if done := ctx.Err(); err != nil && done != nil && !errors.Is(err, done) {
		err = fmt.Errorf("%w: %w", done, err)
	}
	return rows, err
}

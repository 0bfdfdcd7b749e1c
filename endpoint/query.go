package endpoint

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A Query chooses records. The zero value chooses all of them. Of several fields
// all have to fit.
type Query struct {
	Project string
	UIDs    []string // any of them; at most [MaxUIDs]
	Labels  []Label  // all of them
	// Model is name or name:version, and Function [project/]name[:tag]: those of
	// MLRun up to 1.8. What is left out is any.
	Model, Function string
	// What later versions of MLRun ask for.
	ModelName, ModelTag, FunctionName, FunctionTag string

	TopLevel                    bool      // no children of ensembles
	Mode                        string    // of monitoring; "" is any
	CreatedAfter, CreatedBefore time.Time // both included; zero is any
	// LatestOnly leaves out older versions of a model in a function: those that
	// were created before another one.
	LatestOnly bool

	Limit int    // records of a page; 0 is all of them
	After string // continues behind a page: its Next
}

// MaxUIDs is how many uids a query may have.
const MaxUIDs = 1000

// A Label is one that an endpoint has, with any value if Any says so.
type Label struct {
	Key, Value string
	Any        bool
}

// ParseLabel reads "key" or "key=value".
func ParseLabel(text string) (Label, error) {
	key, value, ok := strings.Cut(text, "=")
	if key = strings.TrimSpace(key); key == "" {
		return Label{}, fmt.Errorf("label %q has no key: it is key or key=value", text)
	}
	return Label{Key: key, Value: strings.TrimSpace(value), Any: !ok}, nil
}

// A Page is what a query has found, by project, model and uid.
type Page struct {
	Endpoints []Endpoint
	Next      string // for After; "" when there are no more
}

// A Position is where a page ends.
type Position struct{ Project, Model, UID string }

// Token is a position for [Query.After]: opaque to those who pass it on.
func (p Position) Token() string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.UID + " " + p.Project + " " + p.Model))
}

var errToken = errors.New("the page token is none that a list gave")

// ParsePosition reads a token.
func ParsePosition(token string) (Position, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return Position{}, errToken
	}
	parts := strings.SplitN(string(text), " ", 3)
	if len(parts) != 3 || CheckUID(parts[0]) != nil || !isProject(parts[1]) {
		return Position{}, errToken
	}
	return Position{UID: parts[0], Project: parts[1], Model: parts[2]}, nil
}

// Validate says what is wrong with a query.
func (q *Query) Validate() error {
	if len(q.UIDs) > MaxUIDs {
		return fmt.Errorf("a list takes at most %d uids", MaxUIDs)
	}
	for _, id := range q.UIDs {
		if err := CheckUID(id); err != nil {
			return err
		}
	}
	if q.Limit < 0 {
		return fmt.Errorf("a page has at least one endpoint, not %d", q.Limit)
	}
	if q.After != "" {
		if _, err := ParsePosition(q.After); err != nil {
			return err
		}
	}
	for _, text := range q.texts() {
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			return fmt.Errorf("%q is no text that a model endpoint could have", text)
		}
	}
	return nil
}

// texts are those that are compared: no database has a zero byte or what is not
// UTF-8 in them, and some fail when they are asked for it.
func (q *Query) texts() []string {
	all := []string{q.Project, q.Model, q.Function, q.ModelName, q.ModelTag, q.FunctionName, q.FunctionTag, q.Mode}
	for _, l := range q.Labels {
		all = append(all, l.Key, l.Value)
	}
	return all
}

package step

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// A columnSpec is a column of a target and where its values come from, in one of
// storey's forms: "name", "name=field" for a field of another name, "$key" and
// "name=$key" for an attribute of the event. In Parquet it may have a type,
// ["name", "int"].
type columnSpec struct {
	name      string
	field     string
	attribute string
	kind      string
}

// DecodeArg implements [args.Value].
func (c *columnSpec) DecodeArg(_ args.Decoder, v any) error {
	if pair, ok := args.List(v); ok && len(pair) == 2 {
		if c.kind, ok = pair[1].(string); !ok {
			return fmt.Errorf("must be a name or [name, type], found %s", args.Describe(pair[1]))
		}
		v = pair[0]
	}
	text, ok := v.(string)
	if !ok || text == "" {
		return fmt.Errorf("must be a name or [name, type], found %s", args.Describe(v))
	}
	name, from, renamed := strings.Cut(text, "=")
	if !renamed {
		from = name
	}
	c.name, c.field = strings.TrimPrefix(name, "$"), from
	if attribute, ok := strings.CutPrefix(from, "$"); ok {
		c.attribute = attribute
		if attributes[attribute] == nil {
			return fmt.Errorf("is %q, and events have no such attribute; they have $%s", text, strings.Join(sortedKeys(attributes), ", $"))
		}
	}
	return nil
}

// value is that of the column in an event; missing ones are null.
func (c *columnSpec) value(ev *serve.Event, body *serve.Object) any {
	if c.attribute != "" {
		return attributes[c.attribute](ev)
	}
	v, _ := body.Value(c.field)
	return v
}

// inferred are the columns of a spec and, behind them, one for each field of the
// first event that they lack, by name, as in storey.
func inferred(columns []columnSpec, body *serve.Object) []columnSpec {
	out := slices.Clone(columns)
	var names []string
	for name := range body.All() {
		if !slices.ContainsFunc(columns, func(c columnSpec) bool { return c.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, columnSpec{name: name, field: name})
	}
	return out
}

// checkColumns refuses columns of the same name.
func checkColumns(key string, columns []columnSpec) error {
	seen := map[string]bool{}
	for _, c := range columns {
		if seen[c.name] {
			return configError(key, "has the column %q twice", c.name)
		}
		seen[c.name] = true
	}
	return nil
}

// localPath is the file or folder that a target writes to.
func localPath(path string) (string, error) {
	scheme, rest, ok := strings.Cut(path, "://")
	switch {
	case path == "":
		return "", configError("path", "is empty")
	case !ok:
		return path, nil
	case scheme == "file":
		return rest, nil
	}
	return "", configError("path", "is %q: this target writes files; %s:// is not supported", path, scheme)
}

// targetArgs refuses what has no meaning for targets, which pass events on as
// they are.
func targetArgs(a catalog.Args) error {
	if a.ResultPath != "" {
		return configError("result_path", "means nothing to a target: events go on as they are")
	}
	return nil
}

// appendTo writes data to the end of a file in one piece. Where that fails, the
// file is as it was.
func appendTo(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // a file to share
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		if _, err = f.Write(data); err != nil {
			err = errors.Join(err, f.Truncate(info.Size()))
		}
	}
	return errors.Join(err, f.Close())
}

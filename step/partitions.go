package step

import (
	"context"
	"crypto/sha1" //nolint:gosec // storey's hash of partitions, no secret
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// A partitionSpec is a level of folders: a field of the event, "$key", a part of
// its time ("$year"), each of them hashed into so many folders where it is
// [name, number].
type partitionSpec struct {
	name   string
	hashed int64
}

// defaultPartition is storey's.
var defaultPartition = []partitionSpec{{"$key", 256}, {"$year", 0}, {"$month", 0}, {"$day", 0}, {"$hour", 0}}

// longestFolder is the longest name that file systems take.
const longestFolder = 255

// timeParts are the parts of a time that folders are named after.
var timeParts = map[string]string{
	"$date": "2006-01-02", "$year": "2006", "$month": "01", "$day": "02", "$hour": "15", "$minute": "04", "$second": "05",
}

// DecodeArg implements [args.Value].
func (p *partitionSpec) DecodeArg(_ args.Decoder, v any) error {
	if pair, ok := args.List(v); ok && len(pair) == 2 {
		n, ok := integer(pair[1])
		if !ok || n < 1 {
			return fmt.Errorf("must be hashed into at least one folder, found %s", args.Describe(pair[1]))
		}
		p.hashed, v = n, pair[0]
	}
	var ok bool
	if p.name, ok = v.(string); !ok || p.name == "" {
		return fmt.Errorf("must be a name or [name, number], found %s", args.Describe(v))
	}
	if strings.HasPrefix(p.name, "$") && p.name != "$key" && timeParts[p.name] == "" {
		return fmt.Errorf("is %q; what begins with $ is $key or one of %s", p.name, strings.Join(sortedKeys(timeParts), ", "))
	}
	return nil
}

// partitions says whether rows are partitioned by a column, and therefore lack it.
func (s *parquetTarget) partitions(column string) bool {
	for _, p := range s.Partition {
		if p.name == column {
			return true
		}
	}
	return false
}

// folder is where the row of an event belongs: "key=a/year=2026". Values are
// escaped as in addresses, so they name nothing outside their folder.
func (s *parquetTarget) folder(ctx context.Context, ev *serve.Event, body *serve.Object) (string, error) {
	var dir strings.Builder
	var at time.Time
	for i, p := range s.Partition {
		if timeParts[p.name] != "" && at.IsZero() {
			var err error
			if at, err = s.timeOf(ctx, ev, body); err != nil {
				return "", err
			}
		}
		value, err := p.value(ev, body, at)
		if err != nil {
			return "", err
		}
		name := strings.TrimPrefix(p.name, "$")
		if p.hashed > 0 {
			name = fmt.Sprintf("hash%d_%s", p.hashed, name)
			sum := sha1.Sum([]byte(value)) //nolint:gosec // see above
			value = new(big.Int).Mod(new(big.Int).SetBytes(sum[:]), big.NewInt(p.hashed)).String()
		}
		folder := url.PathEscape(name) + "=" + url.PathEscape(value)
		if len(folder) > longestFolder {
			return "", serve.Errorf(serve.BadRequest, "ValueError", "%s is too long to name a folder: %s", name, args.Describe(value))
		}
		if i > 0 {
			dir.WriteByte('/')
		}
		dir.WriteString(folder)
	}
	return dir.String(), nil
}

func (p *partitionSpec) value(ev *serve.Event, body *serve.Object, at time.Time) (string, error) {
	if layout := timeParts[p.name]; layout != "" {
		return at.Format(layout), nil
	}
	if p.name == "$key" {
		if ev.Key == "" {
			return "None", nil // as storey has it
		}
		return ev.Key, nil
	}
	v, ok := body.Value(p.name)
	if !ok {
		return "", keyError(p.name)
	}
	return textOf(p.name, v)
}

// timeOf is the time of an event. A number is one of seconds.
func (s *parquetTarget) timeOf(ctx context.Context, ev *serve.Event, body *serve.Object) (time.Time, error) {
	if s.TimeField.field != "" {
		if v, _ := body.Value(s.TimeField.field); v != nil {
			if f, ok := args.Float(v); ok {
				t, err := microseconds(s.TimeField.field, f*1000, "")
				return time.UnixMicro(t).UTC(), err
			}
		}
	}
	t, err := s.TimeField.of(ctx, ev, body, s.layout)
	return time.UnixMicro(t).UTC(), err
}

package redis

import (
	"crypto/sha1" //nolint:gosec // names, as storey makes them
	"encoding/hex"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/leat-ml/leat/feature"
)

// layout is how a key becomes the name of a hash; ok is false for one that has no
// name.
func layout(u *url.URL, params map[string]string, entities int) (func(feature.Key) (string, bool), error) {
	_, prefixed := params["prefix"]
	table := params["table"]
	switch {
	case entities == 0:
		return nil, errors.New("the entities are missing")
	case prefixed && table != "":
		return nil, errors.New("prefix and table exclude each other")
	case table != "":
		return func(k feature.Key) (string, bool) {
			return "{" + table + ":" + storeyKey(k) + "}:static", len(k) == entities
		}, nil
	case prefixed:
		return func(k feature.Key) (string, bool) { return plain(params["prefix"], k, entities) }, nil
	}
	return nil, errors.New("the prefix is missing: " + u.Scheme + "://<host>/<number>?prefix=<prefix>, or ?table=<path> for what MLRun wrote")
}

// plain is prefix and values, with colons between them. A value with a colon can
// only be the last: names would not be unique.
func plain(prefix string, k feature.Key, entities int) (string, bool) {
	if len(k) != entities {
		return "", false
	}
	for _, v := range k[:len(k)-1] {
		if strings.Contains(v, ":") {
			return "", false
		}
	}
	return prefix + strings.Join(k, ":"), true
}

// storeyKey is the key as storey writes it (stringify_key in storey/utils.py).
func storeyKey(k feature.Key) string {
	switch len(k) {
	case 1:
		return k[0]
	case 2:
		return k[0] + "." + k[1]
	}
	sum := sha1.Sum([]byte(strings.Join(k[1:], ""))) //nolint:gosec // a name, not a secret
	return k[0] + "." + hex.EncodeToString(sum[:])
}

// value is the text of a field as storey reads it (convert_redis_value_to_python_obj
// in storey/redis_driver.py): numbers, booleans, times, and text. NaN and the
// infinities are missing values.
func value(text string) any {
	lower := strings.ToLower(text)
	switch lower {
	case "true":
		return true
	case "false":
		return false
	case "0/0", "-0/0", "-nan", "nan", "inf", "-inf", "math.huge", "-math.huge":
		return nil // the last two are infinities that storey writes and does not know again
	}
	if seconds, ok := strings.CutPrefix(lower, "_dt:"); ok {
		if t, ok := moment(seconds); ok {
			return feature.Time(t, true)
		}
		return text
	}
	if seconds, ok := strings.CutPrefix(lower, "_td:"); ok {
		if d, ok := microseconds(seconds, 9e12); ok {
			return span(d)
		}
		return text
	}
	if v, ok := feature.Number(text); ok {
		return v
	}
	return text
}

// moment is a number of seconds since 1970. Python has the years 1 to 9999.
func moment(text string) (time.Time, bool) {
	us, ok := microseconds(text, 253402300800)
	t := time.UnixMicro(us).UTC()
	return t, ok && t.Year() >= 1 && t.Year() <= 9999
}

// microseconds reads seconds, which are less than a limit.
func microseconds(text string, limit float64) (int64, bool) {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(s) < limit) {
		return 0, false
	}
	whole, part := math.Modf(s)
	return int64(whole)*1e6 + int64(math.RoundToEven(part*1e6)), true
}

// span is a timedelta as Python's str writes it: "1 day, 2:03:04.000005".
func span(us int64) string {
	const day = 24 * 3600 * 1000000
	days := us / day
	if us %= day; us < 0 {
		us, days = us+day, days-1
	}
	text := ""
	switch {
	case days == 1 || days == -1:
		text = strconv.FormatInt(days, 10) + " day, "
	case days != 0:
		text = strconv.FormatInt(days, 10) + " days, "
	}
	t := time.UnixMicro(us).UTC()
	text += strconv.Itoa(t.Hour()) + t.Format(":04:05")
	if us%1e6 != 0 {
		text += t.Format(".000000")
	}
	return text
}

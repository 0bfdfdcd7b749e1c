package rest

import (
	"strconv"
	"time"

	"github.com/leat-ml/leat/oip/jsontext"
)

// timeLayout is slog's, in UTC.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// A line is a log line on the way, in the form of slog's text or JSON handler.
type line struct {
	buf  []byte
	json bool
}

// appendLine appends the line that tells of the request.
func appendLine(dst []byte, c *call, asJSON bool) []byte {
	now := time.Now()
	l := line{dst, asJSON}
	l.open(now, level(c.worst()), "request")
	l.text("method", c.r.Method)
	l.text("path", c.r.URL.EscapedPath())
	l.number("status", int64(c.status))
	if c.failed != 0 {
		l.number("failed", int64(c.failed))
	}
	l.number("in", c.src.got)
	l.number("out", int64(c.sent))
	l.key("ms")
	l.buf = appendMillis(l.buf, now.Sub(c.start))
	if c.ev != nil {
		l.text("id", c.ev.Identify())
	}
	l.text("remote", c.r.RemoteAddr)
	return l.close()
}

// appendMillis appends milliseconds with three decimals.
func appendMillis(dst []byte, d time.Duration) []byte {
	us := max(d.Microseconds(), 0)
	dst = append(strconv.AppendInt(dst, us/1000, 10), '.')
	rest := us % 1000
	return append(dst, byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}

// appendLost appends the line that tells how many others there would be.
func appendLost(dst []byte, lost uint64, asJSON bool) []byte {
	l := line{dst, asJSON}
	l.open(time.Now(), "WARN", "request log lines dropped: the log is written too slowly")
	l.number("count", int64(lost))
	return l.close()
}

func level(status int) string {
	if status >= 500 {
		return "ERROR"
	}
	return "INFO"
}

func (l *line) open(now time.Time, level, msg string) {
	if l.json {
		l.buf = append(l.buf, `{"time":"`...)
		l.buf = now.UTC().AppendFormat(l.buf, timeLayout)
		l.buf = append(l.buf, '"')
	} else {
		l.buf = append(l.buf, "time="...)
		l.buf = now.UTC().AppendFormat(l.buf, timeLayout)
	}
	l.text("level", level)
	l.text("msg", msg)
}

func (l *line) close() []byte {
	if l.json {
		l.buf = append(l.buf, '}')
	}
	return append(l.buf, '\n')
}

func (l *line) key(name string) {
	if l.json {
		l.buf = append(append(append(l.buf, ',', '"'), name...), '"', ':')
	} else {
		l.buf = append(append(append(l.buf, ' '), name...), '=')
	}
}

func (l *line) number(name string, v int64) {
	l.key(name)
	l.buf = strconv.AppendInt(l.buf, v, 10)
}

func (l *line) text(name, v string) {
	l.key(name)
	switch {
	case l.json:
		l.buf = jsontext.AppendString(l.buf, v)
	case plainWord(v):
		l.buf = append(l.buf, v...)
	default:
		l.buf = strconv.AppendQuote(l.buf, v)
	}
}

// plainWord says whether v needs no quotes in a line of key=value.
func plainWord(v string) bool {
	for i := range len(v) {
		if c := v[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '=' {
			return false
		}
	}
	return v != ""
}

package record

import "time"

// A clock writes times as Python's isoformat(sep=" ", timespec="microseconds") has
// them, in UTC and in quotes. It remembers the second: records of one have most of it
// in common.
type clock struct {
	second int64
	text   []byte // of the second: "2026-01-02 03:04:05.
}

func (c *clock) append(dst []byte, t time.Time) []byte {
	if second := t.Unix(); second != c.second || c.text == nil {
		c.second = second
		c.text = t.UTC().AppendFormat(c.text[:0], `"2006-01-02 15:04:05.`)
	}
	dst = append(dst, c.text...)
	micros := t.Nanosecond() / 1000
	for unit := 100_000; unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return append(dst, `+00:00"`...)
}

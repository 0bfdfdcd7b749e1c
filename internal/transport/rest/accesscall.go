package rest

import "time"

// Called is a call over another protocol, for the log of requests.
type Called struct {
	Method, Code, ID, Remote string
	Failed                   bool // the server is to blame
	In, Out                  int  // bytes
	Took                     time.Duration
}

// Called logs a call over another protocol.
func (l *AccessLog) Called(c *Called) {
	if l.opts.Mode == AccessOff || l.opts.Mode == AccessErrors && !c.Failed {
		return
	}
	var room [256]byte
	l.write(appendCalled(room[:0], c, l.opts.JSON))
}

// appendCalled appends the line that tells of the call.
func appendCalled(dst []byte, c *Called, asJSON bool) []byte {
	l, level := line{dst, asJSON}, "INFO"
	if c.Failed {
		level = "ERROR"
	}
	l.open(time.Now(), level, "call")
	l.text("method", c.Method)
	l.text("code", c.Code)
	l.number("in", int64(c.In))
	l.number("out", int64(c.Out))
	l.key("ms")
	l.buf = appendMillis(l.buf, c.Took)
	if c.ID != "" {
		l.text("id", c.ID)
	}
	l.text("remote", c.Remote)
	return l.close()
}

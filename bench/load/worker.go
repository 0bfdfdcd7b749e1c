package load

import (
	"fmt"
	"net"
	"time"
)

// worker owns one connection and has one request on it at a time.
type worker struct {
	*run
	conn     net.Conn
	reader   *Reader
	deadline time.Time
	answers  int
	length   int // of the body of the first answer
	result   Result
}

func (w *worker) connect() (err error) {
	if w.conn, err = net.DialTimeout("tcp", w.Addr, w.Timeout); err != nil {
		return err
	}
	w.reader = NewReader(w.conn)
	w.deadline = time.Time{}
	w.answers = 0
	return nil
}

func (w *worker) loop() {
	for {
		due, ok := w.next()
		if !ok {
			return
		}
		counted := w.phase.Load() == counting
		resp, err := w.ask()
		if err == nil && resp.Status == 200 {
			latency := time.Since(due)
			w.note(latency, counted, w.check(resp.Body))
		} else {
			w.fail(counted, resp.Status, err)
		}
		if resp.Close || resp.Status == 0 {
			w.reconnect()
		}
	}
}

func (w *worker) ask() (Response, error) {
	// Moving the deadline for every request would cost more than reading the
	// clock; an answer is given between 3/4 and all of the timeout.
	if now := time.Now(); w.deadline.Sub(now) < w.Timeout*3/4 {
		w.deadline = now.Add(w.Timeout)
		if err := w.conn.SetDeadline(w.deadline); err != nil {
			return Response{}, err
		}
	}
	if _, err := w.conn.Write(w.Request); err != nil {
		return Response{}, err
	}
	resp, err := w.reader.Next()
	if err != nil {
		return Response{}, err
	}
	return resp, nil
}

// check verifies the first body, every body of another length than that, and
// one in VerifyEvery.
func (w *worker) check(body []byte) error {
	w.answers++
	if w.answers == 1 {
		w.length = len(body)
	}
	if w.Verify == nil || (len(body) == w.length && w.answers%w.VerifyEvery != 1%w.VerifyEvery) {
		return nil
	}
	return w.Verify(body)
}

func (w *worker) note(latency time.Duration, counted bool, wrong error) {
	switch {
	case !counted:
	case wrong == nil:
		w.result.Latency.Record(latency)
		return
	default:
		w.result.Wrong++
	}
	w.first(wrong)
}

func (w *worker) fail(counted bool, status int, err error) {
	if err == nil {
		err = fmt.Errorf("status %d", status)
	}
	w.first(err)
	switch {
	case !counted:
	case status != 0:
		w.result.Refused++
	case isTimeout(err):
		w.result.Timeouts++
	default:
		w.result.Broken++
	}
}

func (w *worker) first(err error) {
	if w.result.First == nil {
		w.result.First = err
	}
}

// reconnect tries until the run is over: a server that went away is counted
// once a try, and tries are 10 ms apart.
func (w *worker) reconnect() {
	for {
		w.conn.Close()
		w.result.Reconnects++
		err := w.connect()
		if err == nil {
			return
		}
		w.conn = closed{}
		w.fail(w.phase.Load() == counting, 0, err)
		if w.phase.Load() == over {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// closed stands for a connection that could not be made.
type closed struct{ net.Conn }

func (closed) Close() error { return nil }

package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A pump asks the server for messages of a group as long as there is room for
// them. Asking is done here and not by the client's Fetch: that one makes room for
// a million messages where the bound is in bytes.
type pump struct {
	*group
	conn  *client.Conn
	inbox string // of answers to requests: inbox.number
	sub   *client.Subscription
	msgs  chan *client.Msg

	request int       // the number of the last one
	asked   bool      // it has not ended
	left    int       // messages of it that are still to come at most
	bytes   int       // likewise
	heard   time.Time // the last sign of life of the server
	single  bool      // the next message is larger than what is asked for at a time
	kept    time.Time // when the server was last asked for patience
	links   uint64    // how often the connection was made again
}

const (
	pullTime  = 30 * time.Second // a request ends after this
	heartbeat = 5 * time.Second  // signs of life while it waits
	tick      = 100 * time.Millisecond
)

func (g *group) newPump(f *found) (*pump, error) {
	conn := f.js.Conn()
	p := &pump{group: g, conn: conn, inbox: conn.NewInbox(), msgs: make(chan *client.Msg, 4*pullMessages), kept: time.Now()}
	var err error
	p.sub, err = conn.ChanSubscribe(p.inbox+".*", p.msgs)
	return p, err
}

// run works until ctx ends.
func (p *pump) run(ctx context.Context) {
	defer p.end()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if p.wants() {
			if err := p.ask(ctx); err != nil {
				p.fail(err)
				if wait(ctx, nil, time.Now().Add(time.Second)) != nil {
					return
				}
				continue
			}
		}
		select {
		case msg := <-p.msgs:
			p.take(msg)
		case <-p.roomy:
		case <-ticker.C:
			p.routine(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// wants says whether the server is to be asked for more.
func (p *pump) wants() bool {
	if p.asked && time.Since(p.heard) > 3*heartbeat {
		p.asked = false // the server that was asked may not be there any more
	}
	if p.asked {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.full()
}

// ask asks for messages, to be sent as they come.
func (p *pump) ask(ctx context.Context) error {
	f, err := p.log.open(ctx)
	if err != nil {
		return err
	}
	p.request++
	p.left, p.bytes = pullMessages, pullBytes
	if p.single {
		p.left, p.bytes, p.single = 1, 0, false
	}
	text, err := json.Marshal(map[string]any{
		"batch": p.left, "max_bytes": p.bytes, "expires": pullTime, "idle_heartbeat": heartbeat,
	})
	if err != nil {
		return err
	}
	p.asked, p.heard = true, time.Now()
	to := "$JS.API.CONSUMER.MSG.NEXT." + f.name + "." + p.consumer.name
	return p.conn.PublishRequest(to, p.reply(), text)
}

func (p *pump) reply() string { return fmt.Sprintf("%s.%d", p.inbox, p.request) }

// take takes a message of the server: a record, or what it says of a request.
func (p *pump) take(msg *client.Msg) {
	if strings.HasPrefix(msg.Subject, p.inbox) { // records have the subject of the stream
		if msg.Subject == p.reply() {
			p.heard = time.Now()
			p.status(msg.Header.Get("Status"), msg.Header.Get("Description"))
		}
		return
	}
	p.heard = time.Now()
	p.left--
	if p.left == 0 {
		p.asked = false
	}
	if !p.push(msg) {
		p.acknowledge(msg)
	}
}

// status is how a request goes on, or ends.
func (p *pump) status(code, text string) {
	switch {
	case code == "100": // a heartbeat
		return
	case code == "409" && text == "Message Size Exceeds MaxBytes":
		p.single = p.left == pullMessages
	case code == "404", code == "408": // there was nothing more
	case code == "409" && text == "Batch Completed", code == "409" && text == "Server Shutdown":
	case code == "409" && text == "Consumer Deleted", code == "503":
		p.rebind()
	default:
		p.fail(fmt.Errorf("NATS sends no more: %s %s", code, text))
	}
	p.asked = false
}

// rebind looks for the consumer again: another process has made it again, or
// somebody has removed it.
func (p *pump) rebind() {
	ctx, cancel := p.log.bounded(context.Background())
	defer cancel()
	p.log.forget()
	f, err := p.log.open(ctx)
	if err != nil {
		p.fail(err)
		return
	}
	c, err := p.log.bind(ctx, f, p.name, false, 0)
	if err != nil {
		p.fail(err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.consumer = c
}

// fail tells the next member that asks.
func (p *pump) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = fmt.Errorf("read subject %s for group %s: %w", p.log.subject, p.name, err)
	p.notify()
}

func (p *pump) acknowledge(msg *client.Msg) {
	if err := msg.Ack(); err != nil {
		p.log.server.hub.logger().Warn("a message was not acknowledged", "subject", p.log.subject, "group", p.name, "error", err)
	}
}

// routine is what is done every now and then: the server is asked for patience
// with what is not settled, and what is done is saved.
func (p *pump) routine(ctx context.Context) {
	if err := p.save(ctx, false); err != nil && ctx.Err() == nil {
		p.log.server.hub.logger().Warn("what a group has done cannot be saved", "subject", p.log.subject, "group", p.name, "error", err)
	}
	if links := p.conn.Stats().Reconnects; links != p.links {
		p.links, p.asked = links, false // a server that comes back does not know of requests
	}
	if time.Since(p.kept) < p.log.ackWait/3 {
		return
	}
	p.kept = time.Now()
	p.mu.Lock()
	open := p.open()
	p.mu.Unlock()
	for _, o := range open {
		if err := o.msg.InProgress(); err != nil && !errors.Is(err, client.ErrMsgAlreadyAckd) {
			p.fail(err)
			break
		}
	}
	if err := p.log.trim(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		p.log.server.hub.logger().Warn("no room was made in a stream", "subject", p.log.subject, "error", err)
	}
}

// end takes what is still on its way, so that it can be given back.
func (p *pump) end() {
	if p.sub.Drain() != nil {
		return
	}
	for until := time.Now().Add(time.Second); p.sub.IsValid() && time.Now().Before(until); {
		select {
		case msg := <-p.msgs:
			p.take(msg)
		case <-time.After(time.Millisecond):
		}
	}
	for {
		select {
		case msg := <-p.msgs:
			p.take(msg)
		default:
			return
		}
	}
}

package nats

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// Defaults of the options of a URL.
const (
	DefaultBytes   = 1 << 30          // max_bytes
	DefaultRecords = maxPack          // records, in the server within the process
	DefaultTimeout = 5 * time.Second  // timeout
	DefaultAckWait = 30 * time.Second // ack_wait
)

// timeoutWithin is how long a call of the server within the process may take. Its
// answers are not lost on the way: one that is late waits for the disk or for a
// processor, and what is published again meanwhile is there twice.
const timeoutWithin = time.Minute

// config is what a URL says.
type config struct {
	subject   string
	bytes     int64         // of the stream
	records   int           // in a message of NATS
	retention time.Duration // 0 is any

	address string // of a server elsewhere; "" is the one within the process
	user    *url.Userinfo
	tls     bool
	ca      string
	creds   string
	timeout time.Duration
	ackWait time.Duration // until a message is taken for lost that was not acknowledged
	sync    bool          // of the server within the process
}

// key tells servers, and ways to reach them, apart. It holds the password: it is
// for maps only.
func (c *config) key() string {
	user := ""
	if c.user != nil {
		user = c.user.String()
	}
	return strings.Join([]string{c.address, user, fmt.Sprint(c.tls), c.ca, c.creds}, "\n")
}

func (c *config) embedded() bool { return c.address == "" }

// packs says that messages are packs, be it of one record.
func (c *config) packs() bool { return c.embedded() || c.records > 1 }

func (ns *NATS) configOf(s driver.Source) (c config, err error) {
	if c.subject, err = subjectOf(s.URL); err != nil {
		return c, err
	}
	p := driver.ParamsOf(s.URL)
	c.bytes, c.retention, c.timeout = p.Size("max_bytes", DefaultBytes), s.Retention, DefaultTimeout
	c.ackWait = DefaultAckWait
	if s.URL.Host == "" {
		c.records = min(p.Int("records", DefaultRecords, 1), maxPack)
		err = c.ofEmbedded(ns, s.URL, p)
	} else {
		c.records = min(p.Int("records", 1, 1), maxPack)
		err = c.ofRemote(s.URL, p)
	}
	return c, errors.Join(err, p.Err())
}

func (c *config) ofEmbedded(ns *NATS, u *url.URL, p *driver.Params) error {
	switch sync := p.Text("sync", "always"); {
	case ns.Folder == nil:
		return errors.New("this program has no data folder for a NATS server within it: write nats://host/subject for one elsewhere")
	case u.User != nil:
		return errors.New("the NATS server within the process knows no users")
	case sync != "always" && sync != "none":
		return fmt.Errorf("option sync must be always or none, found %q", sync)
	default:
		c.sync, c.timeout = sync == "always", timeoutWithin
		return nil
	}
}

func (c *config) ofRemote(u *url.URL, p *driver.Params) error {
	c.address, c.user = u.Host, u.User
	if u.Port() == "" {
		c.address = net.JoinHostPort(u.Hostname(), "4222")
	}
	c.timeout, c.ackWait = p.Duration("timeout", DefaultTimeout), p.Duration("ack_wait", DefaultAckWait)
	c.ca, c.creds = p.Text("ca", ""), p.Text("creds", "")
	switch tls := p.Text("tls", "false"); {
	case u.Hostname() == "":
		return errors.New("the URL has a port and no host")
	case tls != "true" && tls != "false":
		return fmt.Errorf("option tls must be true or false, found %q", tls)
	case c.timeout <= 0:
		return errors.New("option timeout must be more than 0")
	case c.ackWait < time.Second:
		return errors.New("option ack_wait must be a second at least")
	default:
		c.tls = tls == "true" || c.ca != ""
		return nil
	}
}

package nats

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// maxSubject keeps the names that are made of subjects and groups within what a
// file may be called.
const maxSubject = 100

// subjectOf is the subject that a URL names.
func subjectOf(u *url.URL) (string, error) {
	subject := strings.TrimPrefix(u.Path, "/")
	switch {
	case u.Opaque != "":
		return "", errors.New("write nats:///subject for the server within this process, nats://host/subject for another")
	case u.Fragment != "":
		return "", errors.New("options are behind a \"?\", not a \"#\"")
	case subject == "":
		return "", errors.New("a stream in NATS needs a subject: nats:///subject or nats://host/subject")
	case len(subject) > maxSubject:
		return "", fmt.Errorf("the subject has %d bytes; %d is the most", len(subject), maxSubject)
	case strings.HasPrefix(subject, "$"), strings.HasPrefix(subject, "_INBOX"):
		return "", fmt.Errorf("subject %q is one of the server's own", subject)
	}
	for _, token := range strings.Split(subject, ".") {
		if token == "" {
			return "", fmt.Errorf("subject %q has an empty part between its dots", subject)
		}
	}
	for _, c := range []byte(subject) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`*>/\`, c) >= 0 {
			return "", fmt.Errorf("subject %q must be ASCII without spaces, *, > and slashes: its parts have dots between them", subject)
		}
	}
	return subject, nil
}

// streamName is what a stream for a subject is called. Names have no dots: they
// become dashes, and dashes and underscores are escaped.
func streamName(subject string) string {
	return strings.NewReplacer(".", "-", "-", "_2D", "_", "_5F").Replace(subject)
}

// consumerName is what the durable consumer of a group is called: letters, digits
// and dashes as they are, other bytes as _ and two digits. Behind _r is how often
// it was made again (see bind).
func consumerName(group string, made int) string {
	var b strings.Builder
	for _, c := range []byte(group) {
		if c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02X", c)
		}
	}
	if made > 0 {
		fmt.Fprintf(&b, "_r%d", made)
	}
	return b.String()
}

// made is how often the consumer of a group was made again, by its name; ok is
// false for what is no consumer of the group.
func made(name, group string) (n int, ok bool) {
	rest, ok := strings.CutPrefix(name, consumerName(group, 0))
	if !ok || rest == "" {
		return 0, ok
	}
	digits, ok := strings.CutPrefix(rest, "_r")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0
}

func checkGroup(group string) error {
	if name := consumerName(group, 0); group == "" || len(name) > 2*maxSubject {
		return fmt.Errorf("group %.50q cannot be the name of a consumer: it is empty or too long", group)
	}
	return nil
}

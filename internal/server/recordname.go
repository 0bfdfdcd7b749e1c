package server

import (
	"crypto/sha256"
	"encoding/hex"
	neturl "net/url"
	"regexp"
	"strings"
)

// redacted is the URL of a stream as it may be in logs: without users and passwords,
// and without a query, which may hold a key.
func redacted(rawURL string) string {
	u, err := neturl.Parse(rawURL)
	if err != nil {
		return "a stream"
	}
	c := *u
	if c.User != nil {
		c.User = neturl.User("xxxxx")
	}
	c.RawQuery = ""
	return c.String()
}

var plainName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// folderOf is the name of the folder for the records of a stream: some of the URL for
// people, and a digest of all of it.
func folderOf(rawURL string) string {
	const most = 40
	name := strings.Trim(plainName.ReplaceAllString(redacted(rawURL), "-"), "-")
	sum := sha256.Sum256([]byte(rawURL))
	return name[:min(most, len(name))] + "-" + hex.EncodeToString(sum[:6])
}

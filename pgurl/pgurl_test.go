package pgurl

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		address string
		timeout time.Duration
		connect time.Duration
		name    string
	}{
		{"postgres://u@h/d", 0, 5 * time.Second, "leat"},
		{"postgres://u@h/d", time.Second, time.Second, "leat"},
		{"postgres://u@h/d?connect_timeout=7&application_name=mine", time.Second, 7 * time.Second, "mine"},
	} {
		u, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(u, tt.timeout)
		if err != nil {
			t.Fatal(tt.address, err)
		}
		if got := c.RuntimeParams["application_name"]; c.ConnectTimeout != tt.connect || got != tt.name {
			t.Errorf("%s: %v as %s, want %v as %s", tt.address, c.ConnectTimeout, got, tt.connect, tt.name)
		}
	}
}

// TestNoSecrets: an address that cannot be used does not show its passwords.
func TestNoSecrets(t *testing.T) {
	for _, address := range []string{
		"postgres://u:hunter2@h:99999/d",
		"postgres://u:hunter2@h/d?sslmode=hunter2",
		"postgres://u@h/d?password=hunter2&connect_timeout=hunter2",
		"postgres://u@h/d?sslpassword=hunter2&sslmode=verify-everything",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Parse(u, 0); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", strings.ReplaceAll(address, "hunter2", "…"), err)
		}
	}
}

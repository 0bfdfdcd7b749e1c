package conformance

import (
	"net/http"
	"strings"
	"testing"
)

// TestTooManyValues asks each path that reads a document with one of which a hundred times
// as much would be made.
func TestTooManyValues(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	lists := "[{}," + strings.Repeat("[],", 1_300_000) + "{}]"
	for path, key := range map[string]string{
		"/v2/models/any/infer":    "inputs",
		"/v2/models/any/generate": "x",
		"/v1/models/any:predict":  "instances",
		"/v2/repository/index":    "ready",
	} {
		got := call{method: "POST", path: path, body: `{"` + key + `":` + lists + `}`, send: "Content-Type: application/json"}.do(t, url)
		if got.status != http.StatusRequestEntityTooLarge || !strings.Contains(string(got.body), "the values of the document take more than 268435456 bytes") {
			t.Errorf("%s: %d %.300s", path, got.status, got.body)
		}
	}
}

package buckets_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A google is as much of Google Cloud Storage as its driver asks for, with lists of
// one object a page, and a service that is busy every third time. make
// verify-buckets runs the same against a server of others.
type google struct {
	mu      sync.Mutex
	asked   int
	written int
	objects map[string]googleObject
}

type googleObject struct {
	data       []byte
	generation int
}

// ServeHTTP implements http.Handler.
func (g *google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/upload/") {
		data, err := io.ReadAll(r.Body) // before the lock: it may take its time
		if err != nil {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.written++
		g.objects[r.FormValue("name")] = googleObject{data, g.written}
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked++; g.asked%3 == 0 && r.Method == http.MethodGet {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	key, ok := strings.CutPrefix(r.URL.Path, "/storage/v1/b/models/o/")
	if !ok {
		g.list(w, r)
		return
	}
	o, ok := g.objects[key]
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error": {"message": "No such object"}}`)
	case r.Method == http.MethodDelete:
		delete(g.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case r.FormValue("alt") == "media":
		_, _ = w.Write(o.data)
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"name": key, "size": fmt.Sprint(len(o.data)), "generation": fmt.Sprint(o.generation)})
	}
}

func (g *google) list(w http.ResponseWriter, r *http.Request) {
	prefix, delimiter := r.FormValue("prefix"), r.FormValue("delimiter")
	answer := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(g.objects)) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || key <= r.FormValue("pageToken") {
			continue
		}
		answer["nextPageToken"] = key
		if dir, _, below := strings.Cut(rest, delimiter); below {
			answer["prefixes"] = []string{prefix + dir + delimiter}
		} else {
			answer["items"] = []any{map[string]string{"name": key, "size": fmt.Sprint(len(g.objects[key].data))}}
		}
		break
	}
	_ = json.NewEncoder(w).Encode(answer)
}

package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/endpoint/endpointtest"
)

// A shrinking store loses what is behind the first part of a list, or breaks there.
type shrinking struct {
	endpoint.Store
	broken error
	parts  int
}

func (s *shrinking) AppendList(ctx context.Context, q endpoint.Query, dst []byte) ([]byte, string, error) {
	if s.parts++; s.parts == 1 {
		return s.Store.AppendList(ctx, q, dst)
	}
	return append(dst, "[]"...), "", s.broken
}

// TestLongList: a list in several parts is one answer, and so are long pages.
func TestLongList(t *testing.T) {
	h, r, _ := recorded(t)
	endpointtest.Fill(t, r.store, 2*partOfList+1)
	for query, want := range map[string]int{"": 2*partOfList + 1, "?page-size=1500": 1500, "?page-size=2001": 2001, "?page-size=2000": 2000, "?page-size=1000": 1000} {
		var got endpointList
		if err := json.NewDecoder(send(h, "GET", "/api/v1/projects/shop/model-endpoints"+query, "").Body).Decode(&got); err != nil || len(got.Endpoints) != want {
			t.Errorf("%s: %d endpoints, error %v", query, len(got.Endpoints), err)
		}
		if more := query != "" && want < 2*partOfList+1; (got.Pagination.Next != "") != more {
			t.Errorf("%s: next %q", query, got.Pagination.Next)
		}
		seen := map[string]bool{}
		for _, e := range got.Endpoints {
			seen[e.Metadata.UID] = true
		}
		if len(seen) != want {
			t.Errorf("%s: %d different endpoints", query, len(seen))
		}
	}
}

// TestListInterrupted: what fails behind the first part ends the connection, since
// the client must not take a part for the list; records that go meanwhile do not.
func TestListInterrupted(t *testing.T) {
	h, r, _ := recorded(t)
	endpointtest.Fill(t, r.store, partOfList+1)
	s := &shrinking{Store: r.store}
	r.store = s
	var got endpointList
	if err := json.NewDecoder(send(h, "GET", "/api/v1/projects/*/model-endpoints", "").Body).Decode(&got); err != nil || len(got.Endpoints) != partOfList {
		t.Errorf("%d endpoints, error %v", len(got.Endpoints), err)
	}
	s.parts, s.broken = 0, errors.New("the disk is gone")
	server := httptest.NewServer(h)
	defer server.Close()
	client := server.Client()
	client.Timeout = 2 * time.Minute
	resp, err := client.Get(server.URL + "/api/v1/projects/*/model-endpoints")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&got); err == nil {
		t.Error("a part of the list was taken for it")
	}
}

// TestListMistakes: each mistake is told, and once.
func TestListMistakes(t *testing.T) {
	h, _, _ := recorded(t)
	for query, want := range map[string]string{
		"start=now-1x": `{"error":"start is \"now-1x\": a time is RFC 3339, milliseconds since 1970, now, or now-1h (s, m, h, d)"}`,
		"label=%00":    `{"error":"\"\\x00\" is no text that a model endpoint could have"}`,
		"model=%ff":    `{"error":"\"\\xff\" is no text that a model endpoint could have"}`,
	} {
		resp := send(h, "GET", "/api/v1/projects/p/model-endpoints?"+query, "")
		if got := strings.TrimSpace(body(t, resp)); resp.StatusCode != 400 || got != want {
			t.Errorf("%s: %d %s", query, resp.StatusCode, got)
		}
	}
}

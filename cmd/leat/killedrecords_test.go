package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorded serves a model whose inferences are recorded to a stream.
const recorded = `{"function_uri": "p/f", "parameters": {"log_stream": "%s", "log_stream_flush": "10ms"},
"graph": {"kind": "router", "routes": {"m": {"class_name": "XGBoostModelServer", "class_args": {"model_path": "%s"}}}}}`

// reading hands the records of a stream on to a file.
const reading = `{"graph": {"engine": "async", "steps": {
"records": {"kind": "queue", "path": "%s", "options": {"group": "g"}},
"pass": {"handler": "({'id': event['request']['id']})", "after": ["records"]},
"taken": {"kind": "queue", "path": "file://%s", "after": ["pass"]}}}}`

// TestKilledRecords kills a server again and again while it records inferences: the
// stream has every record that the metrics said it has.
func TestKilledRecords(t *testing.T) {
	model, err := filepath.Abs("../../examples/quickstart/diabetes.ubj")
	if err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{"file": "file:records.jsonl", "nats": "nats:///records"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &killing{folder: t.TempDir(), random: rand.New(rand.NewPCG(3, uint64(len(name))))}
			k.spec(t, fmt.Sprintf(recorded, url, model))
			n, sent, delivered := kills(t), map[string]bool{}, 0
			for round := range n {
				delivered += k.recordingRound(t, round, sent)
			}
			k.spec(t, fmt.Sprintf(reading, url, k.path("taken.jsonl")))
			s := k.start(t)
			defer s.kill()
			there := k.records(t, sent, delivered)
			t.Logf("%d kills, %d inferences, %d records said to be delivered, %d there", n, len(sent), delivered, there)
		})
	}
}

func (k *killing) spec(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(k.path("spec.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// recordingRound asks a model until the server is killed, and returns how many
// records the stream had by then, as the server said last.
func (k *killing) recordingRound(t *testing.T, round int, sent map[string]bool) (delivered int) {
	t.Helper()
	s := k.start(t)
	var asking sync.WaitGroup
	for sender := range 3 {
		asking.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", round, sender, i)
				k.mu.Lock()
				sent[id] = true // whether it is answered or not: it may be recorded
				k.mu.Unlock()
				if !s.infers(id) {
					return
				}
			}
		})
	}
	enough := time.Now().Add(3 * time.Minute)
	for delivered == 0 && time.Now().Before(enough) {
		delivered = s.delivered(t, delivered)
	}
	if delivered == 0 {
		t.Error("nothing is recorded")
	}
	for until := time.Now().Add(time.Duration(k.random.IntN(int(150 * time.Millisecond)))); time.Now().Before(until); {
		delivered = s.delivered(t, delivered)
	}
	s.kill()
	asking.Wait()
	return delivered
}

// infers asks the model, and says whether it was answered.
func (s *victim) infers(id string) bool {
	body := `{"id": "` + id + `", "inputs": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]}`
	resp, err := s.client.Post(s.url+"/v2/models/m/infer", "application/json", strings.NewReader(body))
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// delivered is how many records the metrics say that the stream has.
func (s *victim) delivered(t *testing.T, before int) int {
	t.Helper()
	resp, err := s.client.Get(s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "leat_records_delivered_total{") {
			n, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return before
}

// records waits until as many records have come out of the stream as there were
// said to be in it, each of an inference that was asked for, and counts them.
func (k *killing) records(t *testing.T, sent map[string]bool, want int) int {
	t.Helper()
	there := map[string]bool{}
	for w := (wait{}); len(there) < want && w.goesOn(want-len(there)); {
		text, err := os.ReadFile(k.path("taken.jsonl"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var record struct{ ID string }
			if json.Unmarshal(line, &record) != nil || record.ID == "" {
				continue // the last may be half there
			}
			if there[record.ID] = true; !sent[record.ID] {
				t.Fatalf("nobody has asked for %s: %s", record.ID, line)
			}
		}
	}
	if len(there) < want {
		t.Errorf("%d records are there, and %d were said to be", len(there), want)
	}
	return len(there)
}

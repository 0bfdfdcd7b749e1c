package tracing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// shows are the settings in one line: level, rate and count.
func shows(s *Settings, model string) string {
	var all []string
	for _, f := range s.Fields(model)[1:4] {
		all = append(all, fmt.Sprint(f.Value))
	}
	return strings.Join(all, " ")
}

// TestSettings changes settings, each row after the one before.
func TestSettings(t *testing.T) {
	s := NewSettings(true)
	for _, tt := range []struct {
		model  string
		change map[string][]string
		all, m string
	}{
		{"", nil, "[TIMESTAMPS] 1 -1", "[TIMESTAMPS] 1 -1"},
		{"m", map[string][]string{"trace_rate": {"5"}}, "[TIMESTAMPS] 1 -1", "[TIMESTAMPS] 5 -1"},
		{"", map[string][]string{"trace_rate": {"3"}, "trace_count": {"7"}}, "[TIMESTAMPS] 3 7", "[TIMESTAMPS] 5 7"},
		{"m", map[string][]string{"trace_rate": nil}, "[TIMESTAMPS] 3 7", "[TIMESTAMPS] 3 7"},
		{"m", map[string][]string{"trace_level": {"OFF"}, "log_frequency": {"0"}, "trace_file": nil}, "[TIMESTAMPS] 3 7", "[OFF] 3 7"},
		{"", map[string][]string{"trace_level": {"OFF"}, "trace_count": {"-5"}}, "[OFF] 3 -1", "[OFF] 3 -1"},
		{"m", map[string][]string{"trace_level": {"MAX"}}, "[OFF] 3 -1", "[TIMESTAMPS] 3 -1"},
		{"", map[string][]string{"trace_level": {}, "trace_rate": {}, "trace_count": nil}, "[TIMESTAMPS] 1 -1", "[TIMESTAMPS] 1 -1"},
	} {
		if err := s.Change(tt.model, tt.change); err != nil {
			t.Fatalf("%s %v: %v", tt.model, tt.change, err)
		}
		if all, m := shows(s, ""), shows(s, "m"); all != tt.all || m != tt.m {
			t.Errorf("after %q %v: all %s, m %s, want %s and %s", tt.model, tt.change, all, m, tt.all, tt.m)
		}
	}
	if err := s.Change("m", map[string][]string{"trace_level": nil}); err != nil || len(s.chosen.Load().models) != 0 {
		t.Errorf("settings of models without any are kept: %v, %v", s.chosen.Load().models, err)
	}
}

// TestSettingsRefused changes nothing.
func TestSettingsRefused(t *testing.T) {
	s := NewSettings(true)
	for _, tt := range []struct {
		change map[string][]string
		code   serve.Code
	}{
		{map[string][]string{"trace_file": {"/tmp/x"}, "trace_rate": {"2"}}, serve.BadRequest},
		{map[string][]string{"trace_rate": {"-1"}}, serve.BadRequest},
		{map[string][]string{"trace_rate": {"1", "2"}}, serve.BadRequest},
		{map[string][]string{"trace_count": {"many"}}, serve.BadRequest},
		{map[string][]string{"trace_count": {"9223372036854775808"}}, serve.BadRequest},
		{map[string][]string{"log_frequency": {"10"}}, serve.BadRequest},
		{map[string][]string{"trace_level": {"LOUD"}}, serve.BadRequest},
		{map[string][]string{"trace_level": {"OFF", "TIMESTAMPS"}}, serve.BadRequest},
		{map[string][]string{"trace_level": {"TENSORS"}}, serve.NotOffered},
		{map[string][]string{"level": nil, "trace_rate": {"2"}}, serve.BadRequest},
	} {
		for _, model := range []string{"", "m"} {
			if err := s.Change(model, tt.change); serve.CodeOf(err) != tt.code {
				t.Errorf("%v: %v", tt.change, err)
			}
			if shows(s, "") != "[TIMESTAMPS] 1 -1" || shows(s, "m") != "[TIMESTAMPS] 1 -1" {
				t.Errorf("%v changed something: %s, %s", tt.change, shows(s, ""), shows(s, "m"))
			}
		}
	}
	if err := NewSettings(false).Change("", map[string][]string{"trace_level": {"TIMESTAMPS"}}); serve.CodeOf(err) != serve.NotOffered {
		t.Errorf("without a collector: %v", err)
	}
}

// TestTake counts the requests that are traced.
func TestTake(t *testing.T) {
	for _, tt := range []struct {
		name             string
		all, m           map[string][]string
		toAll, toM, from int // of 20 requests each: for no model, for m, of callers who trace
	}{
		{"all", nil, nil, 20, 20, 20},
		{"every fifth", map[string][]string{"trace_rate": {"5"}}, nil, 4, 4, 20},
		{"every fifth of a model", nil, map[string][]string{"trace_rate": {"5"}}, 20, 4, 20},
		{"none that begin here", map[string][]string{"trace_rate": {"0"}}, nil, 0, 0, 20},
		{"three", map[string][]string{"trace_count": {"3"}}, nil, 3, 0, 20},
		{"three, and of a model two", map[string][]string{"trace_count": {"3"}}, map[string][]string{"trace_count": {"2"}}, 3, 2, 20},
		{"off", map[string][]string{"trace_level": {"OFF"}}, nil, 0, 0, 0},
		{"off but for a model", map[string][]string{"trace_level": {"OFF"}}, map[string][]string{"trace_level": {"TIMESTAMPS"}}, 0, 20, 0},
	} {
		s := NewSettings(true)
		for model, change := range map[string]map[string][]string{"": tt.all, "m": tt.m} {
			if err := s.Change(model, change); err != nil {
				t.Fatal(err)
			}
		}
		count := func(model string, continues bool) (n int) {
			for range 20 {
				about := s.take(request{model: model})
				served := s.take(request{model: model, continues: continues, serves: true})
				if served {
					n++
				}
				if about && !served {
					t.Errorf("%s: what is asked about %q is traced, and what is served is not", tt.name, model)
				}
			}
			return n
		}
		if a, m, from := count("", false), count("m", false), count("", true); a != tt.toAll || m != tt.toM || from != tt.from {
			t.Errorf("%s: %d, %d and %d, want %d, %d and %d", tt.name, a, m, from, tt.toAll, tt.toM, tt.from)
		}
	}
}

package logs

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// TestChange has a line of each level written after each change.
func TestChange(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, Options{})
	logger := log.Logger().With("a", 1).WithGroup("g")
	for _, tt := range []struct {
		change map[string]any
		want   string
	}{
		{nil, "info warn error"},
		{map[string]any{"log_verbose_level": int64(3)}, "debug info warn error"},
		{map[string]any{"log_info": false}, "debug warn error"},
		{map[string]any{"log_warning": false, "log_verbose_level": int64(0)}, "error"},
		{map[string]any{"log_error": false}, ""},
		{map[string]any{"log_info": true, "log_error": true, "log_warning": true}, "info warn error"},
	} {
		if err := log.Change(tt.change); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		logger.Debug("debug")
		logger.Info("info")
		logger.Warn("warn")
		logger.Error("error")
		var got []string
		for _, m := range regexp.MustCompile(`msg=(\w+) a=1`).FindAllStringSubmatch(out.String(), -1) {
			got = append(got, m[1])
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("after %v: %q, want %q:\n%s", tt.change, got, tt.want, out.String())
		}
	}
}

func TestRefused(t *testing.T) {
	log := New(&bytes.Buffer{}, Options{Level: slog.LevelWarn})
	before := log.Settings()
	for _, change := range []map[string]any{
		{"log_info": true, "log_file": "x"}, {"log_info": 1}, {"log_info": nil}, {"log_verbose_level": int64(-1)}, {"log_verbose_level": 1.5},
		{"log_verbose_level": int64(1) << 32}, {"log_format": "iso"}, {"log_format": nil}, {"log_warnings": true, "log_info": true}, {"": nil},
	} {
		if err := log.Change(change); serve.CodeOf(err) != serve.BadRequest {
			t.Errorf("%v: %v", change, err)
		}
		if d := cmp.Diff(before, log.Settings()); d != "" {
			t.Errorf("%v changed something (-before +after):\n%s", change, d)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, json := range []bool{false, true} {
		var out bytes.Buffer
		log := New(&out, Options{JSON: json})
		iso := regexp.MustCompile(`time"?[=:]"?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ[" ]`)
		log.Logger().Info("x", "time", "kept")
		if iso.MatchString(out.String()) {
			t.Errorf("default: %s", out.String())
		}
		out.Reset()
		if err := log.Change(map[string]any{"log_format": "ISO8601"}); err != nil {
			t.Fatal(err)
		}
		log.Logger().Info("x", "time", "kept")
		if !iso.MatchString(out.String()) || !strings.Contains(out.String(), "kept") {
			t.Errorf("ISO8601: %s", out.String())
		}
	}
}

func TestLevels(t *testing.T) {
	for _, tt := range []struct {
		level slog.Level
		want  Settings
	}{
		{slog.LevelDebug, Settings{true, true, true, 1, "default"}},
		{slog.LevelInfo, Settings{true, true, true, 0, "default"}},
		{slog.LevelWarn, Settings{false, true, true, 0, "default"}},
		{slog.LevelError, Settings{false, false, true, 0, "default"}},
	} {
		if d := cmp.Diff(tt.want, New(nil, Options{Level: tt.level}).Settings()); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.level, d)
		}
	}
}

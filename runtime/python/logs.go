package python

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
)

// A logLine is the metadata of LOG.
type logLine struct {
	Level   string         `json:"level"`
	Message string         `json:"message"`
	With    map[string]any `json:"with"`
}

// logFrame logs what the user's code said on its logger.
func logFrame(logger *slog.Logger, f frame) {
	var l logLine
	if json.Unmarshal(f.meta, &l) != nil {
		return
	}
	level := slog.LevelInfo
	switch l.Level {
	case "debug":
		level = slog.LevelDebug
	case "warn", "warning":
		level = slog.LevelWarn
	case "error", "critical":
		level = slog.LevelError
	}
	ctx := context.Background()
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, len(l.With))
	for _, key := range slices.Sorted(maps.Keys(l.With)) {
		attrs = append(attrs, slog.Any(key, l.With[key]))
	}
	logger.LogAttrs(ctx, level, l.Message[:min(len(l.Message), lineLimit)], attrs...)
}

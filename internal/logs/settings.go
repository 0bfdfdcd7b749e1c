package logs

import (
	"log/slog"
	"math"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// The formats of times.
const (
	usual   = "default" // as slog writes them: RFC 3339 with fractions of seconds
	iso8601 = "ISO8601" // to the second, in UTC
)

// Settings are what is logged, as Triton has them
// (docs/protocol/extension_logging.md). Lines of level debug are what Triton calls
// verbose: they are written when Verbose is not 0.
type Settings struct {
	Info, Warning, Error bool
	Verbose              uint32
	Format               string // default or ISO8601
}

// from are the settings by which a level and those above it are written.
func from(level slog.Level) Settings {
	s := Settings{Info: level <= slog.LevelInfo, Warning: level <= slog.LevelWarn, Error: true, Format: usual}
	if level <= slog.LevelDebug {
		s.Verbose = 1
	}
	return s
}

func (s *Settings) writes(level slog.Level) bool {
	switch {
	case level >= slog.LevelError:
		return s.Error
	case level >= slog.LevelWarn:
		return s.Warning
	case level >= slog.LevelInfo:
		return s.Info
	}
	return s.Verbose > 0
}

// Fields are the settings by their names. There is no file: log_file is "".
func (s Settings) Fields() []serve.Field {
	return []serve.Field{
		{Key: "log_file", Value: ""},
		{Key: "log_info", Value: s.Info},
		{Key: "log_warning", Value: s.Warning},
		{Key: "log_error", Value: s.Error},
		{Key: "log_verbose_level", Value: int64(s.Verbose)},
		{Key: "log_format", Value: s.Format},
	}
}

// change sets what is named: flags are booleans, the level an int64.
func (s *Settings) change(to map[string]any) error {
	flags := map[string]*bool{"log_info": &s.Info, "log_warning": &s.Warning, "log_error": &s.Error}
	for key, value := range to {
		if flag := flags[key]; flag != nil {
			on, ok := value.(bool)
			if !ok {
				return refused("%s is neither true nor false", key)
			}
			*flag = on
			continue
		}
		if err := s.other(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Settings) other(key string, value any) error {
	switch key {
	case "log_verbose_level":
		level, ok := value.(int64)
		if !ok || level < 0 || level > math.MaxUint32 {
			return refused("log_verbose_level is no whole number from 0")
		}
		s.Verbose = uint32(level)
	case "log_format":
		format, _ := value.(string)
		if !slices.Contains([]string{usual, iso8601}, format) {
			return refused("log_format is neither %q nor %q", usual, iso8601)
		}
		s.Format = format
	case "log_file":
		return refused("log_file cannot be changed: the log is what the server writes to its standard error")
	default:
		return refused("there is no setting %q of logs: there are log_info, log_warning, log_error, log_verbose_level and log_format", key)
	}
	return nil
}

func refused(format string, args ...any) error {
	return serve.Errorf(serve.BadRequest, "ValueError", format, args...)
}

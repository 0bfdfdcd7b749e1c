package nats

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// maxPayload is what the server within the process takes as one message.
const maxPayload = 8 << 20

// start runs a server in this process that keeps its files in the folder and
// listens nowhere.
func start(folder Folder, sync bool, log serverLog) (*natsserver.Server, error) {
	if err := folder.Claim(); err != nil {
		return nil, err
	}
	sv, err := natsserver.NewServer(&natsserver.Options{
		ServerName:             "leat",
		DontListen:             true,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		MaxPayload:             maxPayload,
		MaxPending:             4 * maxPayload,
		JetStream:              true,
		StoreDir:               filepath.Join(folder.Path(), "nats"),
		JetStreamMaxMemory:     1 << 20, // all streams are in files
		JetStreamMaxStore:      1 << 50, // the disk and max_bytes bound it
		SyncAlways:             sync,
		SyncInterval:           time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("start the NATS server in the process: %w", err)
	}
	sv.SetLoggerV2(log, false, false, false)
	sv.Start()
	if !sv.ReadyForConnections(timeoutWithin) || !sv.JetStreamEnabled() {
		stop(sv)
		return nil, fmt.Errorf("start the NATS server in the process: %w", errors.New("JetStream is not ready; the log says why"))
	}
	return sv, nil
}

func stop(sv *natsserver.Server) {
	sv.Shutdown()
	sv.WaitForShutdown()
}

// serverLog hands on what the server says that is not about its routine, and finds
// out from it that the disk takes nothing more: the server tells nobody else, and
// whoever publishes gets no answer.
type serverLog struct {
	logger *slog.Logger
	broken func(error)
}

func (l serverLog) Noticef(string, ...any) {}
func (l serverLog) Debugf(string, ...any)  {}
func (l serverLog) Tracef(string, ...any)  {}

func (l serverLog) Warnf(format string, v ...any) {
	l.logger.Warn("the NATS server in the process", "message", fmt.Sprintf(format, v...))
}

func (l serverLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.logger.Error("the NATS server in the process", "message", text)
	if strings.Contains(text, "Critical write error") {
		l.broken(fmt.Errorf("the NATS server in the process takes nothing more until it is started again: %s", text))
	}
}

// Fatalf is about the server alone: the program goes on without it.
func (l serverLog) Fatalf(format string, v ...any) { l.Errorf(format, v...) }

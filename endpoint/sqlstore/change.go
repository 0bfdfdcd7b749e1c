package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/leat-ml/leat/endpoint"
)

// Change implements [endpoint.Store].
func (s *Store) Change(ctx context.Context, uid string, change func(old *endpoint.Endpoint) (endpoint.Endpoint, error)) error {
	if err := endpoint.CheckUID(uid); err != nil {
		return err
	}
	var refused error // what change says is not the database's fault
	err := s.Within(ctx, uid, func(tx *sql.Tx) error {
		old, err := s.find(ctx, tx, uid)
		missing := errors.Is(err, endpoint.ErrNotFound)
		if err != nil && !missing {
			return err
		}
		was, created := &old, old.Metadata.Created
		if missing {
			was = nil
		}
		e, err := change(was)
		if err == nil && e.Metadata.UID != uid {
			err = fmt.Errorf("the record of %s has the uid %q", uid, e.Metadata.UID)
		}
		if err == nil {
			err = e.Validate()
		}
		if refused = err; err != nil {
			return err
		}
		if e.Metadata.Created.IsZero() {
			e.Metadata.Created = created
		}
		return s.write(ctx, tx, e, missing)
	})
	if refused != nil {
		return refused
	}
	return s.failed("change an endpoint", err)
}

// write inserts or replaces a record, whose traffic counts only when it is new.
func (s *Store) write(ctx context.Context, tx *sql.Tx, e endpoint.Endpoint, insert bool) error {
	if e.Metadata.Created.IsZero() {
		e.Metadata.Created = time.Now().UTC().Truncate(time.Microsecond)
	}
	came := e.Status.Came()
	doc, err := e.Head()
	if err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	if _, err = s.documents.decode(doc); err != nil { // the next list will want it
		return fmt.Errorf("write a record: %w", err)
	}
	labels, err := json.Marshal(maps.Collect(maps.All(e.Metadata.Labels))) // {} for none
	if err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	sp := &e.Spec
	args := []any{
		e.Metadata.UID, e.Metadata.Project, sp.ModelName, sp.ModelTag, sp.FunctionName, sp.FunctionTag,
		int64(e.Status.EndpointType), sp.MonitoringMode, endpoint.Micros(e.Metadata.Created), string(labels), string(doc),
	}
	names := strings.Split(columns, ", ")
	if !insert {
		text := "UPDATE model_endpoints SET " + strings.Join(names[1:], " = ?, ") + " = ? WHERE uid = ?"
		_, err = tx.ExecContext(ctx, s.Bind(text), append(args[1:], args[0])...)
		return err
	}
	args = append(args, came.First, came.Last, came.Requests, came.Errors, came.Rates.LatencyAvg1h, came.Rates.PredictionsPerSecond)
	text := "INSERT INTO model_endpoints (" + columns + ", " + traffic + ") VALUES (?" + strings.Repeat(", ?", len(args)-1) + ")"
	_, err = tx.ExecContext(ctx, s.Bind(text), args...)
	return err
}

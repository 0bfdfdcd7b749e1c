// Package registry knows where models are, by the names that store:// URIs give
// them. A [Registry] is two tables in the database that model endpoints are in,
// SQLite or PostgreSQL: what was pushed, which never changes, and the tags that
// lead to it, which move. It is an [artifact.Registry].
package registry

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versions is the table in which goose keeps what was done.
const versions = "leat_artifact_versions"

// ErrExists says that what is pushed is there already.
var ErrExists = errors.New("it is there already, and what was pushed does not change")

// A Registry is safe for concurrent use, by several processes too.
type Registry struct{ db *database.DB }

// Open brings the tables up to date. The registry closes the database, also when
// Open fails.
func Open(ctx context.Context, db *database.DB) (*Registry, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err == nil {
		err = db.Migrate(ctx, versions, files)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Registry{db}, nil
}

// Close closes the database.
func (r *Registry) Close() error { return r.db.Close() }

// Put adds what was pushed at once, the iterations of one tree, and has the tags
// lead to it, "latest" among them: all of it or nothing. The error is [ErrExists]
// if one of them is there.
func (r *Registry) Put(ctx context.Context, entries []artifact.Entry, tags ...string) error {
	if len(entries) == 0 {
		return nil
	}
	first := entries[0]
	tags = append(slices.Clone(tags), artifact.Latest)
	for _, e := range entries {
		if e.Project != first.Project || e.Key != first.Key || e.Tree != first.Tree || e.Tree == "" {
			return errors.New("what is pushed at once has one project, key and tree")
		}
	}
	for _, tag := range tags {
		ref := first.Ref()
		ref.Tag = tag
		if err := ref.Validate(); err != nil {
			return err
		}
	}
	err := r.db.Within(ctx, first.Project+"/"+first.Key, func(tx *sql.Tx) error {
		for _, e := range entries {
			if err := r.insert(ctx, tx, e); err != nil {
				return err
			}
		}
		return r.tag(ctx, tx, first, tags)
	})
	return r.db.Failed("add a model", err, ErrExists)
}

func (r *Registry) insert(ctx context.Context, tx *sql.Tx, e artifact.Entry) error {
	if e.Created.IsZero() {
		e.Created = time.Now()
	}
	done, err := tx.ExecContext(ctx, r.db.Bind(`INSERT INTO artifacts (project, name, tree, iter, target, created, doc)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
		e.Project, e.Key, e.Tree, int64(e.Iter), e.Target, e.Created.UnixMicro(), string(e.Document))
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("%s: %w", e.Ref(), ErrExists))
	}
	return nil
}

func (r *Registry) tag(ctx context.Context, tx *sql.Tx, e artifact.Entry, tags []string) error {
	for _, tag := range tags {
		_, err := tx.ExecContext(ctx, r.db.Bind(`INSERT INTO artifact_tags (project, name, tag, tree) VALUES (?, ?, ?, ?)
			ON CONFLICT (project, name, tag) DO UPDATE SET tree = excluded.tree`), e.Project, e.Key, tag, e.Tree)
		if err != nil {
			return err
		}
	}
	return nil
}

// Find implements [artifact.Registry]: a tree is found by its name or a tag, which
// is "latest" where neither is given. With both, the tag must lead to the tree.
func (r *Registry) Find(ctx context.Context, ref artifact.Ref) (artifact.Entry, error) {
	if err := ref.Validate(); err != nil {
		return artifact.Entry{}, err
	}
	if ref.Tree == "" && ref.Tag == "" {
		ref.Tag = artifact.Latest
	}
	all, err := r.read(ctx, Query{Project: ref.Project, Key: ref.Key})
	if err != nil {
		return artifact.Entry{}, r.db.Failed("find a model", err)
	}
	for _, e := range all {
		if e.Iter == ref.Iter && (ref.Tree == "" || e.Tree == ref.Tree) && (ref.Tag == "" || slices.Contains(e.Tags, ref.Tag)) {
			return e, nil
		}
	}
	return artifact.Entry{}, missing(ref, all)
}

// missing says what there is of a model instead of what was asked for.
func missing(ref artifact.Ref, all []artifact.Entry) error {
	name := ref.Project + "/" + ref.Key
	if len(all) == 0 {
		return fmt.Errorf("%w: nothing was pushed as %s", artifact.ErrNotFound, name)
	}
	var tags, iters []string
	for _, e := range all {
		tags = append(tags, e.Tags...)
		if (ref.Tree == "" || e.Tree == ref.Tree) && (ref.Tag == "" || slices.Contains(e.Tags, ref.Tag)) {
			iters = append(iters, strconv.Itoa(e.Iter))
		}
	}
	slices.Sort(tags)
	switch {
	case len(iters) > 0:
		return fmt.Errorf("%w: %s has the iterations %s there, and not %d", artifact.ErrNotFound, name, strings.Join(iters, ", "), ref.Iter)
	case ref.Tree != "" && ref.Tag != "":
		return fmt.Errorf("%w: the tag %s of %s does not lead to the tree %s", artifact.ErrNotFound, ref.Tag, name, ref.Tree)
	case ref.Tree != "":
		return fmt.Errorf("%w: %s has no tree %s", artifact.ErrNotFound, name, ref.Tree)
	}
	return fmt.Errorf("%w: %s has no tag %s, it has %s", artifact.ErrNotFound, name, ref.Tag, strings.Join(slices.Compact(tags), ", "))
}

// A Query chooses entries. The zero value chooses all of them; of several fields
// all have to fit.
type Query struct{ Project, Key, Tag string }

// List returns what was pushed, by project and key, the newest first.
func (r *Registry) List(ctx context.Context, q Query) ([]artifact.Entry, error) {
	all, err := r.read(ctx, q)
	return all, r.db.Failed("list models", err)
}

// read reads entries with their tags.
func (r *Registry) read(ctx context.Context, q Query) (all []artifact.Entry, err error) {
	if err := r.db.There(); err != nil {
		return nil, err
	}
	tags, err := r.tags(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := r.db.Read.QueryContext(ctx, r.db.Bind("SELECT project, name, tree, iter, target, created, doc FROM artifacts"+where(q)), args(q)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e artifact.Entry
		var iter, created int64
		if err := rows.Scan(&e.Project, &e.Key, &e.Tree, &iter, &e.Target, &created, &e.Document); err != nil {
			return nil, err
		}
		e.Iter, e.Created = int(iter), time.UnixMicro(created).UTC()
		e.Tags = tags[tree{e.Project, e.Key, e.Tree}]
		if q.Tag == "" || slices.Contains(e.Tags, q.Tag) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, order)
	return all, rows.Err()
}

func order(a, b artifact.Entry) int {
	if c := strings.Compare(a.Project, b.Project); c != 0 {
		return c
	}
	if c := strings.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	if c := b.Created.Compare(a.Created); c != 0 {
		return c
	}
	if c := strings.Compare(a.Tree, b.Tree); c != 0 {
		return c
	}
	return a.Iter - b.Iter
}

// A tree is what was pushed at once.
type tree struct{ project, key, name string }

func (r *Registry) tags(ctx context.Context, q Query) (map[tree][]string, error) {
	rows, err := r.db.Read.QueryContext(ctx, r.db.Bind("SELECT project, name, tree, tag FROM artifact_tags"+where(q)), args(q)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[tree][]string{}
	for rows.Next() {
		var t tree
		var tag string
		if err := rows.Scan(&t.project, &t.key, &t.name, &tag); err != nil {
			return nil, err
		}
		all[t] = append(all[t], tag)
	}
	for _, list := range all {
		slices.Sort(list)
	}
	return all, rows.Err()
}

// where is the condition of a query that both tables know.
func where(q Query) string {
	var all []string
	if q.Project != "" {
		all = append(all, "project = ?")
	}
	if q.Key != "" {
		all = append(all, "name = ?")
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

func args(q Query) (all []any) {
	for _, value := range []string{q.Project, q.Key} {
		if value != "" {
			all = append(all, value)
		}
	}
	return all
}

var _ artifact.Registry = (*Registry)(nil)

package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/leat-ml/leat/endpoint"
)

// List implements [endpoint.Store].
func (s *Store) List(ctx context.Context, q endpoint.Query) (endpoint.Page, error) {
	var page endpoint.Page
	next, err := s.list(ctx, &q, func(r *row) error {
		e, err := r.endpoint(&s.documents)
		if n := len(page.Endpoints); n == cap(page.Endpoints) {
			page.Endpoints = slices.Grow(page.Endpoints, max(16, n)) // twice: they are large
		}
		page.Endpoints = append(page.Endpoints, e)
		return err
	})
	if err != nil {
		return endpoint.Page{}, err
	}
	page.Next = next
	return page, nil
}

// AppendList implements [endpoint.Store]. A record is its head as it is stored, and
// what has come behind it.
func (s *Store) AppendList(ctx context.Context, q endpoint.Query, dst []byte) (list []byte, next string, err error) {
	dst = append(dst, '[')
	first := len(dst)
	next, err = s.list(ctx, &q, func(r *row) error {
		if len(dst) > first {
			dst = append(dst, ',')
		}
		dst = r.came.AppendTail(append(dst, r.head...))
		return nil
	})
	dst = append(dst, ']')
	return dst, next, err
}

// list calls found for every record of a query, in their order.
func (s *Store) list(ctx context.Context, q *endpoint.Query, found func(r *row) error) (next string, err error) {
	if err := q.Validate(); err != nil {
		return "", err
	}
	if err = s.There(); err == nil {
		next, err = s.read(ctx, q, found)
	}
	return next, s.failed("list endpoints", err)
}

func (s *Store) read(ctx context.Context, q *endpoint.Query, found func(r *row) error) (next string, err error) {
	c := s.conditions(q)
	text := "SELECT doc, " + traffic + " FROM model_endpoints e" + c.where() + " ORDER BY project, name, uid"
	if q.Limit > 0 {
		text += fmt.Sprintf(" LIMIT %d", q.Limit+1) // one more tells whether there are more
	}
	rows, err := s.Read.QueryContext(ctx, s.Bind(text), c.args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var (
		r    row
		into = r.into()
		last []byte // the head of the last record of a page
	)
	for n := 1; rows.Next(); n++ {
		if q.Limit > 0 && n > q.Limit {
			e, err := s.documents.decode(last)
			return endpoint.Position{Project: e.Metadata.Project, Model: e.Spec.ModelName, UID: e.Metadata.UID}.Token(), err
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		if err := found(&r); err != nil {
			return "", err
		}
		if n == q.Limit {
			last = slices.Clone(r.head)
		}
	}
	return "", rows.Err()
}

// conditions are those of a query, in SQL.
func (s *Store) conditions(q *endpoint.Query) *conditions {
	c := &conditions{}
	c.equal("project", q.Project)
	c.equal("name", q.ModelName)
	c.equal("tag", q.ModelTag)
	c.equal("function_name", q.FunctionName)
	c.equal("function_tag", q.FunctionTag)
	c.equal("mode", q.Mode)
	name, tag, _ := strings.Cut(q.Model, ":")
	c.equal("name", name)
	c.equal("tag", tag)
	c.function(q.Function)
	if len(q.UIDs) > 0 {
		c.add("uid IN (?"+strings.Repeat(", ?", len(q.UIDs)-1)+")", anys(q.UIDs)...)
	}
	for _, l := range q.Labels {
		if l.Any {
			c.add("EXISTS (SELECT 1 FROM "+s.Labels+" WHERE l.key = ?)", l.Key)
			continue
		}
		c.add("EXISTS (SELECT 1 FROM "+s.Labels+" WHERE l.key = ? AND l.value = ?)", l.Key, l.Value)
	}
	if q.TopLevel {
		c.add("type <> ?", int64(endpoint.Leaf))
	}
	if !q.CreatedAfter.IsZero() {
		c.add("created >= ?", endpoint.Micros(q.CreatedAfter))
	}
	if !q.CreatedBefore.IsZero() {
		c.add("created <= ?", endpoint.Micros(q.CreatedBefore))
	}
	if q.LatestOnly {
		c.add(`NOT EXISTS (SELECT 1 FROM model_endpoints n WHERE n.project = e.project AND n.function_name = e.function_name
			AND n.name = e.name AND (n.created, n.uid) > (e.created, e.uid))`)
	}
	if at, err := endpoint.ParsePosition(q.After); err == nil {
		c.behind(at, q.Project)
	}
	return c
}

type conditions struct {
	all  []string
	args []any
}

func (c *conditions) add(text string, args ...any) {
	c.all = append(c.all, text)
	c.args = append(c.args, args...)
}

func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = ?", value)
	}
}

// behind continues a list, in words from which databases see where in their index:
// a comparison with the key, or of one project with the rest of it.
func (c *conditions) behind(at endpoint.Position, project string) {
	switch project {
	case at.Project:
		c.add("(name, uid) > (?, ?)", at.Model, at.UID)
	case "":
		c.add("(project, name, uid) > (?, ?, ?)", at.Project, at.Model, at.UID)
	default: // a token of another list: of one project there is all or nothing
		c.add("project > ?", at.Project)
	}
}

// function is [project/]name[:tag]; MLRun asks by the name.
func (c *conditions) function(text string) {
	if project, rest, ok := strings.Cut(text, "/"); ok {
		c.equal("project", project)
		text = rest
	}
	name, tag, _ := strings.Cut(text, ":")
	c.equal("function_name", name)
	c.equal("function_tag", tag)
}

func (c *conditions) where() string {
	if len(c.all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.all, " AND ")
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, t := range texts {
		all[i] = t
	}
	return all
}

package registry_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/artifact/registry"
	"github.com/leat-ml/leat/database"
	_ "github.com/leat-ml/leat/database/postgres"
	_ "github.com/leat-ml/leat/database/sqlite"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/internal/servertest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A fresh function makes an empty database and returns its URL.
type fresh func(t *testing.T) string

func inFile(t *testing.T) string {
	u := url.URL{Scheme: "sqlite", Path: filepath.Join(t.TempDir(), "a b#?.db")}
	return u.String()
}

func TestSQLite(t *testing.T) { suite(t, inFile) }

func TestPostgres(t *testing.T) {
	p := servertest.StartPostgres(t)
	var n atomic.Int32
	suite(t, func(t *testing.T) string {
		db, err := sql.Open("pgx", p.SecretURL())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		name := fmt.Sprintf("d%d", n.Add(1))
		if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(p.SecretURL(), "postgres") + name
	})
}

// suite is what a registry does in every kind of database.
func suite(t *testing.T, f fresh) {
	for name, test := range map[string]func(*testing.T, fresh){
		"find": testFind, "tags": testTags, "iterations": testIterations, "list": testList, "exists": testExists,
		"refused": testRefused, "together": testTogether, "again": testAgain, "newer": testNewer, "canceled": testCanceled,
	} {
		t.Run(name, func(t *testing.T) { test(t, f) })
	}
}

func open(t *testing.T, address string) *registry.Registry {
	t.Helper()
	r, err := tryOpen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func tryOpen(ctx context.Context, address string) (*registry.Registry, error) {
	db, err := database.Open(ctx, address, database.Options{})
	if err != nil {
		return nil, err
	}
	return registry.Open(ctx, db)
}

var day = time.Date(2026, 1, 31, 12, 0, 0, 123456000, time.UTC)

func entry(key, tree string) artifact.Entry {
	return artifact.Entry{
		Project: "p", Key: key, Tree: tree, Target: "s3://bucket/" + key + "/" + tree + "/", Created: day,
		Document: []byte("kind: model\nspec: {model_file: größe}\n"),
	}
}

func put(t *testing.T, r *registry.Registry, e artifact.Entry, tags ...string) {
	t.Helper()
	if err := r.Put(t.Context(), []artifact.Entry{e}, tags...); err != nil {
		t.Fatal(err)
	}
}

// find finds what a reference leads to and returns its tree.
func find(t *testing.T, r *registry.Registry, uri string) string {
	t.Helper()
	ref, err := artifact.ParseRef(uri)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Find(t.Context(), ref)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s#%d", e.Tree, e.Iter)
}

func testFind(t *testing.T, f fresh) {
	r := open(t, f(t))
	want := entry("m", "t1")
	put(t, r, want, "v1")
	want.Tags = []string{"latest", "v1"}
	got, err := r.Find(t.Context(), artifact.Ref{Project: "p", Key: "m", Tree: "t1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	_, err = r.Find(t.Context(), artifact.Ref{Project: "p", Key: "other"})
	if !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func testTags(t *testing.T, f fresh) {
	r := open(t, f(t))
	put(t, r, entry("m", "t1"), "v1", "stable")
	put(t, r, entry("m", "t2"), "v2")
	put(t, r, entry("m", "t3"), "stable")
	for uri, want := range map[string]string{
		"store://models/p/m": "t3#0", "store://models/p/m:latest": "t3#0", "store://models/p/m:stable": "t3#0",
		"store://models/p/m:v1": "t1#0", "store://models/p/m:v2": "t2#0", "store://models/p/m@t2": "t2#0", "store://models/p/m:v2@t2": "t2#0",
		"store://models/p/m:v1@t2": "there is no such model: the tag v1 of p/m does not lead to the tree t2",
		"store://models/p/m:v9":    "there is no such model: p/m has no tag v9, it has latest, stable, v1, v2",
		"store://models/p/m@t9":    "there is no such model: p/m has no tree t9",
		"store://models/p/M":       "there is no such model: nothing was pushed as p/M",
		"store://models/q/m":       "there is no such model: nothing was pushed as q/m",
		"store://models/p/m#1:v1":  "there is no such model: p/m has the iterations 0 there, and not 1",
	} {
		if got := find(t, r, uri); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

func testIterations(t *testing.T, f fresh) {
	r := open(t, f(t))
	a, b := entry("m", "t1"), entry("m", "t1")
	b.Iter = 3
	if err := r.Put(t.Context(), []artifact.Entry{a, b}, "v1"); err != nil {
		t.Fatal(err)
	}
	c := entry("m", "t1")
	c.Iter = 4
	put(t, r, c)
	for uri, want := range map[string]string{"store://p/m": "t1#0", "store://p/m#3": "t1#3", "store://p/m#4:v1": "t1#4", "store://p/m#3@t1": "t1#3"} {
		if got := find(t, r, uri); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

func testList(t *testing.T, f fresh) {
	r := open(t, f(t))
	later := entry("b", "t2")
	later.Created = day.Add(time.Second)
	for _, e := range []artifact.Entry{entry("b", "t1"), later, entry("B", "t1"), entry("a", "t1")} {
		put(t, r, e)
	}
	other := entry("a", "t1")
	other.Project = "a"
	put(t, r, other, "v1")
	for want, q := range map[string]registry.Query{
		"a/a@t1 p/B@t1 p/a@t1 p/b@t2 p/b@t1": {},
		"p/b@t2 p/b@t1":                      {Project: "p", Key: "b"},
		"a/a@t1 p/a@t1":                      {Key: "a"},
		"a/a@t1":                             {Tag: "v1"},
		"p/b@t2":                             {Key: "b", Tag: "latest"},
		"":                                   {Project: "' OR 1=1 --"},
	} {
		all, err := r.List(t.Context(), q)
		var got []string
		for _, e := range all {
			got = append(got, e.Project+"/"+e.Key+"@"+e.Tree)
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%+v: %v, error %v; want %s", q, got, err, want)
		}
	}
}

// testExists: what is there does not change, and what fails leaves no tag behind.
func testExists(t *testing.T, f fresh) {
	r := open(t, f(t))
	put(t, r, entry("m", "t1"))
	put(t, r, entry("m", "t2"))
	again := entry("m", "t1")
	again.Target = "s3://elsewhere/"
	second := again
	second.Iter = 7
	err := r.Put(t.Context(), []artifact.Entry{second, again}, "v9")
	if !errors.Is(err, registry.ErrExists) || !strings.Contains(err.Error(), "store://models/p/m@t1: it is there already") {
		t.Errorf("error %v", err)
	}
	for _, uri := range []string{"store://p/m:v9", "store://p/m#7@t1"} {
		if got := find(t, r, uri); !strings.HasPrefix(got, "there is no such model") {
			t.Errorf("%s: %s", uri, got)
		}
	}
	if got := find(t, r, "store://p/m"); got != "t2#0" {
		t.Errorf("latest is %s", got)
	}
}

func testRefused(t *testing.T, f fresh) {
	r := open(t, f(t))
	for want, e := range map[string]artifact.Entry{
		"the project": {Project: "P", Key: "m", Tree: "t"}, "the key": {Project: "p", Key: "a/b", Tree: "t"},
		"one project, key and tree": {Project: "p", Key: "m"}, "the tree": {Project: "p", Key: "m", Tree: "a b"},
	} {
		if err := r.Put(t.Context(), []artifact.Entry{e}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v", e, err)
		}
	}
	if err := r.Put(t.Context(), []artifact.Entry{entry("m", "t")}, "a b"); err == nil || !strings.Contains(err.Error(), "the tag") {
		t.Errorf("error %v", err)
	}
	if err := r.Put(t.Context(), []artifact.Entry{entry("m", "t"), entry("n", "t")}); err == nil || !strings.Contains(err.Error(), "one project") {
		t.Errorf("error %v", err)
	}
	if _, err := r.Find(t.Context(), artifact.Ref{Project: "p"}); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("error %v", err)
	}
	if all, err := r.List(t.Context(), registry.Query{}); len(all) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", all, err)
	}
}

// testTogether: of several that push the same, one does; and several that push
// something else all do.
func testTogether(t *testing.T, f fresh) {
	address := f(t)
	var all sync.WaitGroup
	var same, others atomic.Int32
	for i := range 4 {
		all.Go(func() {
			r, err := tryOpen(t.Context(), address)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			if err := r.Put(t.Context(), []artifact.Entry{entry("same", "t")}); err == nil {
				same.Add(1)
			} else if !errors.Is(err, registry.ErrExists) {
				t.Error(err)
			}
			if err := r.Put(t.Context(), []artifact.Entry{entry("m", fmt.Sprint("t", i))}); err != nil {
				t.Error(err)
			}
			others.Add(1)
		})
	}
	all.Wait()
	list, err := open(t, address).List(t.Context(), registry.Query{Key: "m"})
	latest := 0
	for _, e := range list {
		latest += len(e.Tags)
	}
	if same.Load() != 1 || len(list) != 4 || latest != 1 || err != nil {
		t.Errorf("%d pushed the same; %d others, %d of them the latest, error %v", same.Load(), len(list), latest, err)
	}
}

// testAgain: what was pushed is there when the database is opened again.
func testAgain(t *testing.T, f fresh) {
	address := f(t)
	r, err := tryOpen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	put(t, r, entry("m", "t1"), "v1")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := find(t, open(t, address), "store://p/m:v1"); got != "t1#0" {
		t.Error(got)
	}
}

func testNewer(t *testing.T, f fresh) {
	address := f(t)
	open(t, address)
	db, err := database.Open(t.Context(), address, database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Write.Exec(db.Bind("INSERT INTO leat_artifact_versions (version_id, is_applied) VALUES (99, ?)"), true); err != nil {
		t.Fatal(err)
	}
	if _, err := tryOpen(t.Context(), address); !errors.Is(err, database.ErrNewer) {
		t.Errorf("error %v", err)
	}
}

func testCanceled(t *testing.T, f fresh) {
	r := open(t, f(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Put(ctx, []artifact.Entry{entry("m", "t")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := r.List(ctx, registry.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestGone: a file that is removed is not one without models.
func TestGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	r := open(t, "sqlite://"+path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := r.Find(t.Context(), artifact.Ref{Project: "p", Key: "m"})
	if err == nil || errors.Is(err, artifact.ErrNotFound) || !strings.Contains(err.Error(), "the file of the database is gone") {
		t.Errorf("error %v", err)
	}
	if err := r.Put(t.Context(), []artifact.Entry{entry("m", "t")}); err == nil || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("error %v", err)
	}
}

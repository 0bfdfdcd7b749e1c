package artifact

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

// A Push is a model that becomes an artifact, and what is to be written about it.
type Push struct {
	Project, Key string   // "" is [DefaultProject]; a key has no default
	Tags         []string // that are to lead to it, beside "latest"
	Tree         string   // "" makes a new one
	Iter         int      // of a run with several
	// Best has the key without an iteration lead to this one.
	Best bool

	File string // path of the model file
	// Extra are further files by key. Those that are Beside the model keep their
	// names; the others may have any.
	Extra  map[string]string
	Beside []string // paths
	// Texts are further files by name, which are extra data too.
	Texts map[string][]byte

	Framework, Algorithm, Description string
	Labels                            map[string]string
	Parameters, Metrics               map[string]any
	Inputs, Outputs                   []serve.Feature // their names and value types
	FeatureStats                      map[string]any  // as [serve.Artifact] has them
}

// A Writer is a registry that takes what was pushed.
type Writer interface {
	// Put adds entries of one tree, and has the tags lead to it: all of it or
	// nothing.
	Put(ctx context.Context, entries []Entry, tags ...string) error
}

// Push writes a model with what belongs to it into a folder of its own below root,
// a path or the URL of a place in a bucket, with a model_spec.yaml as MLRun writes
// it, and then into the registry. It takes the files as they are when it reads
// them. What fails leaves nothing behind, as far as the place can be reached.
func (s *Store) Push(ctx context.Context, root string, reg Writer, p Push) (Entry, error) {
	e, err := s.push(ctx, root, reg, p)
	if err != nil {
		return e, fmt.Errorf("push model %s: %w", p.Key, err)
	}
	return e, nil
}

func (s *Store) push(ctx context.Context, root string, reg Writer, p Push) (Entry, error) {
	p.Project, p.Tree = cmp.Or(p.Project, DefaultProject), cmp.Or(p.Tree, newTree())
	files, err := p.files()
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Project: p.Project, Key: p.Key, Tree: p.Tree, Iter: p.Iter, Created: time.Now().UTC()}
	for _, tag := range append([]string{""}, p.Tags...) {
		ref := e.Ref()
		ref.Tag = tag
		if err := ref.Validate(); err != nil {
			return e, err
		}
	}
	t, err := s.target(ctx, root, e)
	if err != nil {
		return e, err
	}
	e.Target = t.url
	if err := t.fill(ctx, files, &p, &e); err != nil {
		return e, errors.Join(err, t.clear(ctx))
	}
	entries := []Entry{e}
	if p.Best && p.Iter != 0 {
		entries = append(entries, link(e))
	}
	if err := reg.Put(ctx, entries, p.Tags...); err != nil {
		return e, errors.Join(err, t.clear(ctx))
	}
	e.Tags = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(p.Tags), Latest))))
	return e, nil
}

// newTree is a name that no other tree has.
func newTree() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail
	return hex.EncodeToString(b[:])
}

// link is the entry without an iteration of a run whose best one e is.
func link(e Entry) Entry {
	doc := map[string]any{
		"kind":     kindLink,
		"metadata": map[string]any{"key": e.Key, "project": e.Project, "tree": e.Tree, "iter": 0},
		"spec":     map[string]any{"link_iteration": e.Iter, "link_key": e.Key, "link_tree": e.Tree},
	}
	e.Iter, e.Document = 0, appendYAML(nil, "", doc)
	return e
}

// A sent file is one that is written to the target.
type sent struct {
	name string // in the artifact
	path string // on this machine; "" where there is a text
	text []byte
	key  string // of the extra data; "" for the model
	sum  digest // when it has been written
	old  digest // its SHA-1
	size int64
}

// files are all files of the artifact, the model first.
func (p *Push) files() ([]sent, error) {
	all := []sent{{name: filepath.Base(p.File), path: p.File}}
	for _, path := range p.Beside {
		all = append(all, sent{name: filepath.Base(path), path: path, key: filepath.Base(path)})
	}
	for _, key := range sortedKeys(p.Extra) {
		all = append(all, sent{name: filepath.Base(p.Extra[key]), path: p.Extra[key], key: key})
	}
	for _, name := range sortedKeys(p.Texts) {
		all = append(all, sent{name: name, text: p.Texts[name], key: name})
	}
	names := map[string]bool{specName: true}
	for _, f := range all {
		if names[f.name] {
			return nil, fmt.Errorf("two files would be called %s", f.name)
		}
		if !isFileName(f.name) {
			return nil, fmt.Errorf("%s is no name for a file of an artifact", quoted(f.name))
		}
		names[f.name] = true
		if f.path == "" {
			continue
		}
		info, err := os.Stat(f.path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, withoutPath(err))
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a file", f.path)
		}
	}
	return all, nil
}

// isFileName says whether a name means the same in a folder and in a bucket.
func isFileName(name string) bool {
	return filepath.IsLocal(name) && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl) && !strings.ContainsAny(name, `/\`)
}

// document is the model_spec.yaml.
func (p *Push) document(e *Entry, files []sent, target string) []byte {
	labels := map[string]any{}
	for key, v := range p.Labels {
		labels[key] = v
	}
	if p.Framework != "" {
		labels["framework"] = p.Framework // as MLRun does
	}
	extra, sums := map[string]any{}, map[string]any{}
	for _, f := range files {
		sums[f.name] = string(f.sum)
		if f.key != "" {
			extra[f.key] = f.name
		}
	}
	model := files[0]
	meta := map[string]any{
		"key": e.Key, "project": e.Project, "iter": e.Iter, "tree": e.Tree, "labels": labels,
		"hash": string(model.old[len(sha1Prefix):]), "updated": e.Created.Format("2006-01-02 15:04:05.000000-07:00"),
	}
	spec := map[string]any{
		"db_key": e.Key, "target_path": target, "size": model.size, "model_file": model.name, "license": "",
		"producer": map[string]any{"kind": "project", "name": e.Project, "tag": e.Tree},
		"inputs":   columns(p.Inputs), "outputs": columns(p.Outputs),
		"extra_data": extra, "parameters": values(p.Parameters), "metrics": values(p.Metrics), "checksums": sums,
	}
	if p.FeatureStats != nil {
		spec["feature_stats"] = p.FeatureStats
	}
	for key, v := range map[string]string{"framework": p.Framework, "algorithm": p.Algorithm} {
		if v != "" {
			spec[key] = v
		}
	}
	if p.Description != "" {
		meta["description"] = p.Description
	}
	return appendYAML(nil, "", map[string]any{"kind": kindModel, "metadata": meta, "spec": spec, "status": map[string]any{"state": "created"}})
}

func columns(features []serve.Feature) []any {
	all := make([]any, len(features))
	for i, f := range features {
		all[i] = map[string]any{"name": f.Name, "value_type": f.ValueType}
	}
	return all
}

// values are never null.
func values(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

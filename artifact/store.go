package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/leat-ml/leat/serve"
)

// A Store opens artifacts. The zero value opens those on this machine. It is safe
// for concurrent use, until Close.
type Store struct {
	// Cache keeps what is not on this machine; nil refuses that. The store closes it.
	Cache *Cache
	// Registry opens what knows the artifacts at store:// URIs, when one is asked
	// for; nil knows none.
	Registry func(ctx context.Context) (Registry, error)

	// Dial opens buckets and web servers; nil knows none.
	Dial Dialer

	unverified bool
	opened     opened

	mu       sync.Mutex
	registry Registry
}

// A Registry knows where artifacts are.
type Registry interface {
	// Find returns what is known of an artifact, or an error that is [ErrNotFound].
	// The reference has a project.
	Find(ctx context.Context, r Ref) (Entry, error)
	Close() error
}

// ErrNotFound says that a registry has no such artifact.
var ErrNotFound = errors.New("there is no such model")

// A Request names an artifact. Suffix is that of model files, for folders; Project
// that of references without one, and "" is [DefaultProject].
type Request struct{ Path, Suffix, Project string }

// Open opens an artifact as MLRun's get_model does:
//
//   - store://… names it in the registry, which has its description;
//   - *.yaml is the description of an artifact (model_spec.yaml), which names
//     the model file beside it;
//   - any other file is the model file itself;
//   - a folder with a model_spec.yaml is described by it;
//   - in any other folder every file is extra data, and the first whose name ends
//     in the suffix is the model file. Without a suffix the folder must hold one
//     file.
//
// Paths are those of this machine, file:// URLs of them, and URLs of buckets and
// web servers: s3://, gs://, azblob://, http:// and https://, whichever the program
// has drivers for. Those are brought into the cache. A web server cannot be asked
// what is in a folder, and has to have a model_spec.yaml in it.
//
// Names in a description are relative to its folder and stay in it. Parameters,
// features, labels, metrics and statistics are read from a description; a mistake
// in it is told with line and column. Files of which it has checksums are compared
// with them.
//
// The files of the artifact stay where they are until Close.
func (s *Store) Open(ctx context.Context, r Request) (*serve.Artifact, error) {
	if r.Path == "" {
		return nil, errors.New("open the model: no model_path says where it is")
	}
	a, err := s.open(ctx, r)
	if err == nil {
		return a, nil
	}
	return nil, fmt.Errorf("open model %s: %w", shown(r.Path), err)
}

func (s *Store) open(ctx context.Context, r Request) (*serve.Artifact, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if IsRef(r.Path) {
		return s.registered(ctx, r)
	}
	if !isLocal(r.Path) {
		l, err := parseLocation(r.Path)
		if err != nil {
			return nil, err
		}
		return s.remote(ctx, l, r.Suffix)
	}
	path, err := localPath(r.Path)
	if err != nil {
		return nil, err
	}
	return s.local(ctx, path, r.Suffix)
}

// shown is a path for people: without passwords and signatures.
func shown(path string) string {
	if isLocal(path) || IsRef(path) {
		return path
	}
	l, err := parseLocation(path)
	if err != nil {
		return scheme.FindString(path) + "…"
	}
	return l.String()
}

// registered opens what a registry knows.
func (s *Store) registered(ctx context.Context, r Request) (*serve.Artifact, error) {
	ref, err := ParseRef(r.Path)
	if err != nil {
		return nil, err
	}
	ref.Project = cmp.Or(ref.Project, r.Project, DefaultProject)
	reg, err := s.knows(ctx)
	if err != nil {
		return nil, err
	}
	e, err := reg.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	d, err := parseDescription(e.Ref().String(), e.Document)
	if err == nil && d.kind == kindLink && d.link != nil {
		d, e, err = s.follow(ctx, reg, e, *d.link)
	}
	if err != nil {
		return nil, err
	}
	a, err := s.entry(ctx, d, e)
	if err != nil {
		return nil, err
	}
	a.Project, a.Key, a.Iter, a.Tree, a.URI = e.Project, e.Key, e.Iter, e.Tree, e.Ref().String()
	if ref.Tree == "" {
		a.Tag = cmp.Or(ref.Tag, Latest)
	}
	return a, nil
}

// Name is the reference that leads to what a store URI leads to now, whatever tags
// are moved later. It opens nothing.
func (s *Store) Name(ctx context.Context, r Request) (string, error) {
	ref, err := ParseRef(r.Path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.Path, err)
	}
	ref.Project = cmp.Or(ref.Project, r.Project, DefaultProject)
	reg, err := s.knows(ctx)
	if err != nil {
		return "", err
	}
	e, err := reg.Find(ctx, ref)
	if err != nil {
		return "", err
	}
	return e.Ref().String(), nil
}

// follow finds the iteration that a link leads to.
func (s *Store) follow(ctx context.Context, reg Registry, e Entry, iter int) (*description, Entry, error) {
	r := e.Ref()
	r.Iter = iter
	e, err := reg.Find(ctx, r)
	if err != nil {
		return nil, e, err
	}
	d, err := parseDescription(r.String(), e.Document)
	return d, e, err
}

// entry opens the files of an entry.
func (s *Store) entry(ctx context.Context, d *description, e Entry) (*serve.Artifact, error) {
	if !isLocal(e.Target) {
		l, err := parseLocation(e.Target)
		if err != nil {
			return nil, fmt.Errorf("its target: %w", err)
		}
		return s.describedAt(ctx, d, l, nil, true)
	}
	dir, err := localPath(e.Target)
	if err != nil {
		return nil, fmt.Errorf("its target: %w", err)
	}
	return s.described(ctx, d, folder(dir), true)
}

// knows is the registry, which is opened once.
func (s *Store) knows(ctx context.Context) (Registry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.registry != nil {
		return s.registry, nil
	}
	if s.Registry == nil {
		return nil, errors.New("this program has no registry of models")
	}
	reg, err := s.Registry(ctx)
	if err != nil {
		return nil, fmt.Errorf("registry of models: %w", err)
	}
	s.registry = reg
	return reg, nil
}

// Close closes what was opened, and lets others remove what is in the cache.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.opened.Close()
	if s.registry != nil {
		err = errors.Join(err, s.registry.Close())
		s.registry = nil
	}
	if s.Cache != nil {
		err = errors.Join(err, s.Cache.Close())
	}
	return err
}

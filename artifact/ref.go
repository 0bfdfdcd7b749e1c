package artifact

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const storeScheme = "store://"

// DefaultProject is the project of references that name none.
const DefaultProject = "default"

// The kinds of references, which are the first part of their paths.
const (
	anyKind   = "artifacts" // where a reference names none
	ModelKind = "models"
)

// kinds says of what a reference may begin with whether it can be a model.
var kinds = map[string]bool{anyKind: true, ModelKind: true, "datasets": false, "feature-sets": false, "feature-vectors": false}

// A Ref names an artifact in a registry, as MLRun's store URIs do:
//
//	store://[models/][project/]key[#iter][:tag][@tree]
//
// The tree is the version: everything that was pushed at once. A tag is a name
// that can move from one tree to another; where neither is named it is "latest".
type Ref struct {
	Kind    string // "models" or "artifacts"
	Project string // "" where the reference names none
	Key     string
	Iter    int // of a run with several; 0 is the run itself
	Tag     string
	Tree    string
}

var (
	projectName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	tagName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
	treeName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`)
)

const (
	longestLabel = 63 // of a project and a tag, as in Kubernetes
	longestKey   = 200
	longestTree  = 128
	longestRef   = 1 << 10
)

// IsRef says whether a path is a store URI.
func IsRef(path string) bool {
	return len(path) >= len(storeScheme) && strings.EqualFold(path[:len(storeScheme)], storeScheme)
}

// ParseRef reads a store URI. The error says which part of it is wrong.
func ParseRef(uri string) (Ref, error) {
	if !IsRef(uri) {
		return Ref{}, errors.New("it does not begin with store://")
	}
	if len(uri) > longestRef {
		return Ref{}, fmt.Errorf("the store URI has more than %d characters", longestRef)
	}
	text := strings.Trim(uri[len(storeScheme):], "/")
	r := Ref{Kind: anyKind}
	if first, rest, ok := strings.Cut(text, "/"); ok || first == ModelKind {
		if isModel, known := kinds[first]; known && !isModel {
			return Ref{}, fmt.Errorf("%s are no models: a model is store://models/project/key", first)
		} else if known {
			r.Kind, text = first, rest
		}
	}
	return r.parse(text)
}

// parse reads what follows the kind. The parts are cut from the end, so that each
// error names the part that is wrong.
func (r Ref) parse(text string) (Ref, error) {
	rest, tree, hasTree := strings.Cut(text, "@")
	rest, tag, hasTag := strings.Cut(rest, ":")
	rest, iter, hasIter := strings.Cut(rest, "#")
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		r.Project, rest = rest[:i], rest[i+1:]
		if r.Project == "" {
			return r, errors.New("the project is empty")
		}
	}
	r.Key, r.Tag, r.Tree = rest, tag, tree
	switch {
	case hasTree && tree == "":
		return r, errors.New("the tree behind the @ is missing")
	case hasTag && tag == "":
		return r, errors.New("the tag behind the : is missing")
	case hasIter:
		var err error
		if r.Iter, err = parseIter(iter); err != nil {
			return r, err
		}
	}
	return r, r.Validate()
}

func parseIter(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("the iteration %s is no whole number", quoted(text))
	}
	return int(n), nil
}

// Validate says what is wrong with the parts of a reference.
func (r Ref) Validate() error {
	switch {
	case r.Project != "" && (len(r.Project) > longestLabel || !projectName.MatchString(r.Project)):
		return fmt.Errorf("the project %s is not lower-case letters, digits and dashes, at most %d of them", quoted(r.Project), longestLabel)
	case r.Key == "":
		return errors.New("there is no key: a model is store://models/project/key")
	case !isKey(r.Key):
		return fmt.Errorf("the key %s is not a name of at most %d characters without /, \\, #, : and @", quoted(r.Key), longestKey)
	case r.Iter < 0:
		return fmt.Errorf("the iteration %d is negative", r.Iter)
	case r.Tag != "" && (len(r.Tag) > longestLabel || !tagName.MatchString(r.Tag)):
		return fmt.Errorf("the tag %s is not letters, digits, dashes, dots and underscores, at most %d of them", quoted(r.Tag), longestLabel)
	case r.Tree != "" && (len(r.Tree) > longestTree || !treeName.MatchString(r.Tree)):
		return fmt.Errorf("the tree %s is not letters, digits, dashes, dots and underscores, at most %d of them; a tag comes before it: key:tag@tree", quoted(r.Tree), longestTree)
	}
	return nil
}

// isKey says whether a name can be a key: it becomes the name of a folder, too.
func isKey(key string) bool {
	if len(key) > longestKey || key == "." || key == ".." || strings.TrimSpace(key) != key {
		return false
	}
	for _, c := range key {
		if c < ' ' || c == 0x7f || c == '\uFFFD' || strings.ContainsRune(`/\#:@`, c) {
			return false
		}
	}
	return true
}

// String is the reference as a store URI, without what is not there.
func (r Ref) String() string {
	var b strings.Builder
	b.WriteString(storeScheme + r.Kind + "/")
	if r.Project != "" {
		b.WriteString(r.Project + "/")
	}
	b.WriteString(r.Key)
	if r.Iter != 0 {
		b.WriteString("#" + strconv.Itoa(r.Iter))
	}
	if r.Tag != "" {
		b.WriteString(":" + r.Tag)
	}
	if r.Tree != "" {
		b.WriteString("@" + r.Tree)
	}
	return b.String()
}

// quoted is a part of what a user wrote, cut when it is long.
func quoted(text string) string {
	const most = 60
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strconv.Quote(text)
}

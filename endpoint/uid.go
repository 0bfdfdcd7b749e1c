package endpoint

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // a name, as MLRun makes it, and no secret
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Lengths are looked at apart: a bound in an expression repeats what it bounds,
// hundreds of kilobytes that the collector would look at for ever.
var (
	project = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	uid     = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
)

const (
	longestProject = 63
	longestUID     = 200
)

func isProject(s string) bool { return len(s) <= longestProject && project.MatchString(s) }

// A Function is what a function's URI names.
type Function struct{ Project, Name, Tag, Hash string }

// ParseFunction reads a function's URI, project/name[:tag][@hash], as MLRun does:
// whatever follows the first colon is the tag.
func ParseFunction(uri string) (Function, error) {
	var f Function
	project, rest, ok := strings.Cut(uri, "/")
	if !ok {
		project, rest = "", uri
	}
	f.Project = project
	rest, f.Tag, _ = strings.Cut(rest, ":")
	f.Name, f.Hash, _ = strings.Cut(rest, "@")
	switch {
	case f.Project == "":
		return f, fmt.Errorf("function_uri %q names no project: it is project/name[:tag]", uri)
	case f.Name == "":
		return f, fmt.Errorf("function_uri %q names no function: it is project/name[:tag]", uri)
	}
	return f, nil
}

// ParseModel parts name:version. A text without a colon, or with several, is a
// name without version.
func ParseModel(model string) (name, version string) {
	if strings.Count(model, ":") != 1 {
		return model, ""
	}
	name, version, _ = strings.Cut(model, ":")
	return name, version
}

// ModelOf is the model of a record, whose version is "latest" if it has none.
func ModelOf(name, version string) string { return name + ":" + cmp.Or(version, "latest") }

// UID names the endpoint of a model, name:version, in a function. It is the SHA-1
// of "project_function_tag_name_version" in hexadecimal digits; the tag is the
// hash where there is none, and N/A stands for what is missing (EndpointUID in
// mlrun/common/schemas/model_monitoring/constants.py).
func UID(functionURI, model string) (string, error) {
	f, err := ParseFunction(functionURI)
	if err != nil {
		return "", err
	}
	name, version := ParseModel(model)
	if name == "" {
		return "", fmt.Errorf("model %q has no name", model)
	}
	const none = "N/A"
	ref := cmp.Or(f.Tag, f.Hash, none)
	text := f.Project + "_" + f.Name + "_" + ref + "_" + name + "_" + cmp.Or(version, none)
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:]), nil
}

// CheckUID says what is wrong with a uid that came from outside; nil if nothing.
func CheckUID(text string) error {
	if len(text) <= longestUID && uid.MatchString(text) {
		return nil
	}
	const most = 60
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Errorf("%q is no uid of a model endpoint: it has letters, digits, _ and -, at most %d", text, longestUID)
}

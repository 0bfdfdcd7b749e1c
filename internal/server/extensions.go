package server

import (
	"context"
	neturl "net/url"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// The extensions of Triton that ask something of the server itself, by path.
const (
	repositoryPath = "/v2/repository/"
	loggingPath    = "/v2/logging"
	tracePath      = "/v2/trace/setting"
	systemMemory   = "/v2/systemsharedmemory"
	cudaMemory     = "/v2/cudasharedmemory"
	allStats       = "/v2/models/stats"
)

// extensions are the names of what is implemented, as Triton calls it.
var extensions = []any{
	"binary_tensor_data", "classification", "logging", "model_configuration", "model_repository", "parameters", "schedule_policy", "sequence", "statistics", "trace",
}

// isExtension says whether a path below /v2/ is that of an extension, and not of a
// model or a graph.
func isExtension(path string) bool {
	switch {
	case strings.HasSuffix(path, "/infer"):
		return false // as nearly all are
	case strings.HasPrefix(path, "/v2/models/"):
		return path == allStats || strings.HasSuffix(path, "/stats") || strings.HasSuffix(path, "/trace/setting") || isDocs(path)
	case below(path, docsPath):
		return true
	case strings.HasPrefix(path, repositoryPath), path == loggingPath, path == tracePath:
		return true
	}
	return below(path, systemMemory) || below(path, cudaMemory)
}

func below(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// extension answers what is asked of an extension.
func (c *Core) extension(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	path := ev.Target.Path
	switch {
	case path == allStats:
		return c.statistics(ev, "", "")
	case strings.HasSuffix(path, "/stats"):
		name, version, err := modelOfStats(path)
		if err != nil {
			return nil, err
		}
		return c.statistics(ev, name, version)
	case strings.HasPrefix(path, repositoryPath):
		return c.repository(ctx, ev)
	case path == loggingPath:
		return c.logging(ev)
	case isDocs(path):
		return c.docs(ev)
	case path == tracePath:
		return c.traceSetting(ev, "")
	case strings.HasSuffix(path, "/trace/setting"):
		return c.modelTraceSetting(ev)
	}
	return nil, serve.Errorf(serve.NotOffered, "", "shared memory is not offered: send tensors in the body, as bytes if they are large")
}

// modelOfStats is the model in /v2/models/<model>[/versions/<version>]/stats.
func modelOfStats(path string) (name, version string, err error) {
	rest := strings.TrimSuffix(strings.TrimPrefix(path, "/v2/models/"), "/stats")
	name, version, _ = strings.Cut(rest, "/versions/")
	if strings.Contains(name, "/") || strings.Contains(version, "/") {
		return "", "", serve.Errorf(serve.NotFound, "", "there is nothing at %s", path)
	}
	if name, err = segment(name); err == nil {
		version, err = segment(version)
	}
	return name, version, err
}

// segment decodes one segment of a path.
func segment(s string) (string, error) {
	text, err := neturl.PathUnescape(s)
	if err != nil {
		return "", serve.Errorf(serve.BadRequest, "ValueError", "the path is not a valid URL: %w", err)
	}
	return text, nil
}

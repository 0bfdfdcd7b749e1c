// Package kserve reads what a resource of KServe says of a model: an
// InferenceService of serving.kserve.io, whose predictor names a format and where the
// model is. [Read] tells everything in it that is wrong or that leat does not serve,
// with its place. A file may have several, and others of the cluster between them.
// Nothing here opens a model or looks at a folder.
package kserve

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// A Service is an InferenceService. It is immutable.
type Service struct {
	Name    string
	Format  string // "sklearn", "triton" …
	Runtime string // ours; "" for triton, whose repository says it
	// Storage is where the model is: a path of this machine, or a URL.
	Storage string
	// MaxBatch and Latency are those of its batcher; 0 without.
	MaxBatch int
	Latency  time.Duration
}

// Sniff says whether there is a resource of KServe in a text, by its apiVersion: what is
// not served is refused here, with what to do.
func Sniff(text []byte) bool { return ofKServe.Match(text) }

// ofKServe is an apiVersion of KServe's, or of KFServing's, which was its name.
var ofKServe = regexp.MustCompile(`(?m)^[ \t{-]*["']?apiVersion["']?:[ \t]*["']?serving\.(kserve\.io|kubeflow\.org)/`)

// maxSniffed is how far into a file a resource is looked for: others may stand before it.
const maxSniffed = 1 << 20

// SniffFile says so of a file, which has to have the name of a text.
func SniffFile(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml", ".json":
	default:
		return false
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxSniffed))
	return err == nil && Sniff(text)
}

// runtimes are ours by the format.
var runtimes = map[string]string{"sklearn": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm", "catboost": "catboost", "onnx": "onnx", "triton": ""}

// instead is what to do about kinds that are not served.
var instead = map[string]string{
	"InferenceGraph":      "write its nodes as a graph in server.yaml",
	"TrainedModel":        "write an InferenceService for it, or put the models into one folder",
	"LLMInferenceService": "let a server of language models serve it",
	"List":                "write its items as documents of their own, with --- between them",
}

// A reader collects what is wrong.
type reader struct {
	*Service
	problems []graph.Problem
}

func (r *reader) problem(pos document.Pos, format string, args ...any) {
	r.problems = append(r.problems, graph.Problem{Pos: graph.Pos(pos), Msg: fmt.Sprintf(format, args...)})
}

func (r *reader) warn(f *document.Field, why string) {
	r.problems = append(r.problems, graph.Problem{Pos: graph.Pos(f.Pos), Msg: fmt.Sprintf("%s has no effect: %s", f.Key, why), Warning: true})
}

// A Resource is a document of a file: a service, and what is wrong with it.
type Resource struct {
	*Service
	Problems []graph.Problem // without a file; those that are no warnings keep it from being served
}

// ReadAll reads the services of a file, and what else is in it as far as somebody has to
// know: it is in the problems of a resource of its own, or a warning of the first.
func ReadAll(file string, text []byte) []*Resource {
	var all, others []*Resource
	n := 0
	for document := range documents(text) {
		if n++; n > maxDocuments {
			return []*Resource{{&Service{}, []graph.Problem{{Msg: fmt.Sprintf("the file has more than %d documents", maxDocuments)}}}}
		}
		s, problems := Read(file, document)
		r := &Resource{s, problems}
		if s.Name == "" && len(problems) > 0 && !slices.ContainsFunc(problems, isError) {
			others = append(others, r)
			continue
		}
		all = append(all, r)
	}
	for _, r := range others {
		if len(all) == 0 {
			r.Problems[0].Warning = false // there is nothing else
			return others[:1]
		}
		all[0].Problems = append(all[0].Problems, r.Problems...)
	}
	return all
}

func isError(p graph.Problem) bool { return !p.Warning }

// maxDocuments is how many documents a file may have: each is read behind the lines of
// those before it.
const maxDocuments = 1000

// documents are the documents of a text, each behind as many empty lines as there are
// lines before it, so that places are those of the file. A line with --- begins one
// wherever it stands.
func documents(text []byte) iter.Seq[[]byte] {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	return func(yield func([]byte) bool) {
		doc, says := []byte{}, false
		lines := 0
		for line := range bytes.Lines(text) {
			if marker.Match(line) {
				if says && !yield(doc) {
					return
				}
				doc, says = nil, false
				line = append([]byte("   "), line[3:]...)
			}
			trimmed := bytes.TrimSpace(line)
			if filled := len(trimmed) > 0 && trimmed[0] != '#'; filled && !says {
				doc, says = bytes.Repeat([]byte("\n"), lines), true
			}
			if lines++; says {
				doc = append(doc, line...)
			}
		}
		if says {
			yield(doc)
		}
	}
}

var marker = regexp.MustCompile(`^---(\s|$)`)

// Read reads a resource. Problems have no file; those that are no warnings keep it
// from being served.
func Read(file string, text []byte) (*Service, []graph.Problem) {
	r := &reader{Service: &Service{}}
	n, found := document.Parse(file, text, document.Options{})
	for _, p := range found {
		r.problem(p.Pos, "%s", p.Msg)
	}
	if n == nil || n.Kind != document.Map {
		return r.Service, r.problems
	}
	if !r.served(n) {
		return r.Service, r.problems
	}
	r.fields(n, map[string]func(*document.Field){
		"apiVersion": nil, "kind": nil, "status": nil,
		"metadata": r.within(map[string]func(*document.Field){"name": r.text(&r.Name)}, true),
		"spec": r.within(map[string]func(*document.Field){
			"predictor":   r.predictor,
			"transformer": r.refuse("write it as a step of a graph, or as a class in Python"),
			"explainer":   r.refuse("models explain themselves, where their runtime does"),
		}, false),
	})
	if len(r.problems) == 0 || !slices.ContainsFunc(r.problems, isError) {
		r.complete(n)
	}
	return r.Service, r.problems
}

// served says whether a resource is an InferenceService, and what to do where it is not.
func (r *reader) served(n *document.Node) bool {
	kind, version := n.Field("kind"), n.Field("apiVersion")
	pos := n.Pos
	if kind == nil {
		kind = &document.Field{Value: &document.Node{}}
	} else {
		pos = kind.Pos
	}
	name := kind.Value.Text
	what, refused := instead[name]
	switch api, old := group(version); {
	case refused:
		r.ownName(n)
		r.problem(pos, "kind %s is not served: %s", name, what)
	case old && (name == "InferenceService" || name == "KFService"):
		r.ownName(n)
		r.problem(version.Pos, "apiVersion %s is not served: write the service as serving.kserve.io/v1beta1 has it, with spec.predictor", version.Value.Text)
	case name == "InferenceService" && api:
		return true
	case name == "" && api:
		r.problem(pos, "kind is missing")
	default:
		r.problems = append(r.problems, graph.Problem{Pos: graph.Pos(pos), Warning: true, Msg: fmt.Sprintf("kind %s has no effect: it is the cluster's", name)})
	}
	return false
}

// group says whether an apiVersion is one of KServe's, and one from before v1beta1.
func group(version *document.Field) (ours, old bool) {
	if version == nil {
		return false, false
	}
	at, number, _ := strings.Cut(version.Value.Text, "/")
	ours = at == "serving.kserve.io" || at == "serving.kubeflow.org"
	return ours, ours && strings.HasPrefix(number, "v1alpha")
}

// ownName reads the name of what is not served, to list it under that.
func (r *reader) ownName(n *document.Node) {
	if about := n.Field("metadata"); about != nil {
		if name := about.Value.Field("name"); name != nil {
			r.Name = name.Value.Text
		}
	}
}

// complete checks that the service says enough.
func (r *reader) complete(n *document.Node) {
	switch {
	case r.Name == "":
		r.problem(n.Pos, "metadata.name is missing")
	case r.Format == "":
		r.problem(n.Pos, "the predictor has no model: spec.predictor.model with modelFormat and storageUri")
	case r.Storage == "":
		r.problem(n.Pos, "storageUri is missing")
	}
}

// fields reads the members of an object; nil passes over one.
func (r *reader) fields(n *document.Node, known map[string]func(*document.Field)) {
	if n.Kind != document.Map {
		r.problem(n.Pos, "this is an object, found %s", n.Describe())
		return
	}
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range n.Fields {
		f := &n.Fields[i]
		read, ok := known[f.Key]
		switch {
		case !ok:
			hint := ""
			if near := catalog.Nearest(f.Key, names); len(near) > 0 {
				hint = fmt.Sprintf(" (did you mean %q?)", near[0])
			}
			r.problem(f.Pos, "unknown key %q%s", f.Key, hint)
		case read != nil && f.Value.Kind != document.Null:
			read(f)
		}
	}
}

// within reads an object; rest lets it have members that are not looked at.
func (r *reader) within(known map[string]func(*document.Field), rest bool) func(*document.Field) {
	return func(f *document.Field) {
		if rest && f.Value.Kind == document.Map {
			for i := range f.Value.Fields {
				if read := known[f.Value.Fields[i].Key]; read != nil {
					read(&f.Value.Fields[i])
				}
			}
			return
		}
		r.fields(f.Value, known)
	}
}

func (r *reader) text(dst *string) func(*document.Field) {
	return func(f *document.Field) {
		if f.Value.Kind != document.String {
			r.problem(f.Value.Pos, "%s is text, found %s", f.Key, f.Value.Describe())
			return
		}
		*dst = f.Value.Text
	}
}

func (r *reader) refuse(instead string) func(*document.Field) {
	return func(f *document.Field) { r.problem(f.Pos, "%s is not supported: %s", f.Key, instead) }
}

func (r *reader) unused(why string) func(*document.Field) {
	return func(f *document.Field) { r.warn(f, why) }
}

// ofCluster is what says how many replicas run where.
var ofCluster = []string{
	"minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "scaleMetricType", "containerConcurrency", "canaryTrafficPercent", "serviceAccountName", "nodeSelector",
	"tolerations", "affinity", "annotations", "labels", "imagePullSecrets", "volumes", "deploymentStrategy", "runtimeClassName", "timeout",
	"autoScaling", "workerSpec", "topologySpreadConstraints", "priorityClassName", "priority", "preemptionPolicy", "terminationGracePeriodSeconds",
	"activeDeadlineSeconds", "restartPolicy", "dnsPolicy", "dnsConfig", "enableServiceLinks", "serviceAccount", "automountServiceAccountToken", "nodeName",
	"hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostname", "hostAliases", "setHostnameAsFQDN", "subdomain", "shareProcessNamespace", "securityContext",
	"schedulerName", "schedulingGates", "readinessGates", "overhead", "os", "resourceClaims", "resources", "ephemeralContainers",
}

func (r *reader) predictor(f *document.Field) {
	known := map[string]func(*document.Field){
		"model": r.model, "batcher": r.batcher,
		"logger":      r.unused("record inferences with tracking_policy in server.yaml"),
		"storageUris": r.refuse("name the place of the model with storageUri in model"),
		"containers":  r.refuse("containers are not run: serve the model itself"), "initContainers": r.refuse("containers are not run: serve the model itself"),
	}
	for _, key := range ofCluster {
		known[key] = r.unused("it is the cluster's")
	}
	for format := range runtimes { // the older way to write it
		known[format] = func(f *document.Field) {
			r.setFormat(f.Key, f.Pos)
			r.model(f)
		}
	}
	for _, format := range []string{"tensorflow", "pytorch", "pmml", "paddle", "huggingface", "mlflow", "vllm"} {
		known[format] = func(f *document.Field) { r.setFormat(f.Key, f.Pos) }
	}
	r.fields(f.Value, known)
}

func (r *reader) setFormat(name string, pos document.Pos) {
	runtime, ok := runtimes[name]
	if !ok {
		what := "export the model as ONNX"
		if low := strings.ToLower(name); low == "huggingface" || low == "vllm" {
			what = "export the model as ONNX, or let a server of language models serve it"
		}
		r.problem(pos, "format %q is not supported (there are catboost, lightgbm, onnx, sklearn, triton and xgboost): %s", name, what)
	}
	r.Format, r.Runtime = name, runtime
}

func (r *reader) model(f *document.Field) {
	known := map[string]func(*document.Field){
		"modelFormat": r.within(map[string]func(*document.Field){
			"name":    func(f *document.Field) { r.setFormat(f.Value.Text, f.Value.Pos) },
			"version": nil,
		}, false),
		"storageUri":      r.storage,
		"storage":         r.refuse("name the place of the model with storageUri"),
		"protocolVersion": nil, "name": nil, "runtimeVersion": nil,
		"runtime": r.unused("the model's format says what serves it"),
		"args":    r.unused("they are another server's"),
		"command": r.refuse("other programs are not run"),
		"image":   r.refuse("containers are not run: serve the model itself"),
	}
	for _, key := range []string{"env", "envFrom", "resources", "ports", "volumeMounts", "readinessProbe", "livenessProbe", "startupProbe", "securityContext", "imagePullPolicy",
		"lifecycle", "resizePolicy", "restartPolicy", "volumeDevices", "terminationMessagePath", "terminationMessagePolicy", "workingDir", "stdin", "stdinOnce", "tty"} {
		known[key] = r.unused("it is the container's")
	}
	r.fields(f.Value, known)
}

// storage reads where the model is.
func (r *reader) storage(f *document.Field) {
	r.text(&r.Storage)(f)
	scheme, rest, ok := strings.Cut(r.Storage, "://")
	switch {
	case !ok:
	case scheme == "file":
		r.Storage = rest
	case scheme == "pvc", scheme == "hf", scheme == "oci", strings.HasPrefix(scheme, "oci+"):
		r.problem(f.Value.Pos, "storageUri %s:// is not supported: mount or download it, and name the folder with file://", scheme)
	}
}

// batcher reads KServe's agent's batcher: requests up to maxBatchSize, for maxLatency
// milliseconds.
func (r *reader) batcher(f *document.Field) {
	number := func(dst *int64) func(*document.Field) {
		return func(f *document.Field) {
			n, ok := f.Value.Value().(int64)
			if !ok || n < 1 || n > 1<<20 {
				r.problem(f.Value.Pos, "%s is a whole number from 1, found %s", f.Key, f.Value.Describe())
				n = 1
			}
			*dst = n
		}
	}
	size, latency := int64(32), int64(50)
	r.fields(f.Value, map[string]func(*document.Field){
		"maxBatchSize": number(&size), "maxLatency": number(&latency), "timeout": r.unused("requests have the deadlines of their clients"),
	})
	r.MaxBatch, r.Latency = int(size), time.Duration(latency)*time.Millisecond
}

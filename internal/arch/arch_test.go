package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/leat-ml/leat"

// A pkg is a package of the module: what go list tells of it.
type pkg struct {
	ImportPath string
	Name       string
	Imports    []string
	Standard   bool
	Module     *struct{ Path string }
}

// short is the import path within the module: "serve", "." for its root.
func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func within(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// packages lists the module's packages and everything they depend on.
func packages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Name,Imports,Standard,Module", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// only lists, for packages that may import little, what of the module they may
// import. Packages of other modules are none of it unless others says so.
var only = []struct {
	pkg    string
	may    []string
	others bool
	why    string
}{
	{"serve", nil, false, "everybody imports serve: it imports the standard library only"},
	{"oip/jsontext", nil, false, "JSON text knows nothing of models"},
	{"oip", []string{"serve", "oip/jsontext"}, false, "the codec knows the types it codes"},
	{"schema", []string{"serve"}, false, "what is known of values knows nothing of who knows it"},
	{"catalog", []string{"serve", "schema"}, false, "names are mapped to constructors of what serve defines"},
	{"graph", []string{"serve", "schema", "catalog", "oip"}, false, "a graph never knows a concrete step, runtime or transport"},
	{"v2", []string{"serve", "schema", "catalog", "oip", "oip/jsontext", "ensemble", "feature"}, false, "the model server knows its protocol, how models vote, where features are, and no runtime"},
	{"stream/driver", []string{"oip/jsontext"}, false, "what a driver implements knows nothing of those who use it"},
	{"stream", []string{"stream/driver"}, false, "streams are portable: no backend, and nothing of models"},
	{"record", []string{"serve", "oip", "oip/jsontext", "stream", "stream/driver"}, false, "records know what was served and streams, and no backend"},
	{"stream/mem", []string{"stream/driver"}, false, "a driver knows what it implements"},
	{"stream/file", []string{"stream/driver"}, false, "a driver knows what it implements"},
	{"client", []string{"serve", "oip", "oip/jsontext", "client/internal/backoff", "client/internal/outgoing"}, false, "who asks over HTTP links neither gRPC nor a server"},
	{"client/admin", []string{"client", "endpoint"}, false, "who asks the admin port links no server"},
	{"client/clientgrpc", []string{"client", "client/internal/backoff", "client/internal/outgoing", "serve", "oip", "oip/inference", "internal/tensorwire", "internal/readahead"}, true, "who asks links no server"},
	{"internal/tensorwire", []string{"oip", "oip/inference"}, true, "how tensors lie in messages is of use to servers and clients, and knows neither"},
	{"internal/readahead", nil, true, "how frames are read is of use to servers and clients, and knows neither"},
	{"internal/socket", nil, false, "what the system knows of a connection is of use to all who have one"},
	{"artifact", []string{"serve", "internal/config/document"}, true, "an artifact is files and what is written about them"},
}

// leaves implement what others define. They know their own subpackages. What
// drivers of streams implement, and the suite that they pass, is no leaf; nor is
// stream, the portable side, which the queue step uses like anybody else.
var leaves = regexp.MustCompile(`^(step|ensemble|feature|(runtime|stream|endpoint|host)/[^/]+)(/|$)`)

var contracts = regexp.MustCompile(`^(stream/driver(test)?|endpoint/sqlstore)$`)

// leafOf is the leaf that a package belongs to; "" if to none.
func leafOf(path string) string {
	if contracts.MatchString(path) {
		return ""
	}
	return leaves.FindString(path)
}

func TestDependencies(t *testing.T) {
	all := packages(t)
	for _, rule := range only {
		p, ok := all[module+"/"+rule.pkg]
		if !ok {
			t.Errorf("there is no package %s", rule.pkg)
			continue
		}
		for _, imp := range p.Imports {
			if within(imp) && !slices.Contains(rule.may, short(imp)) {
				t.Errorf("%s imports %s: %s", rule.pkg, short(imp), rule.why)
			}
			if !within(imp) && !all[imp].Standard && imp != "C" && !rule.others {
				t.Errorf("%s imports %s: %s", rule.pkg, imp, rule.why)
			}
		}
	}
	for path, p := range all {
		if !within(path) {
			continue
		}
		for _, imp := range p.Imports {
			if within(imp) {
				checkLayers(t, short(path), short(imp))
			}
			if strings.HasPrefix(imp, "go.opentelemetry.io/") && !strings.HasPrefix(short(path), "internal/tracing") {
				t.Errorf("%s imports %s: nothing but internal/tracing knows OpenTelemetry", short(path), imp)
			}
		}
	}
}

// checkLayers checks one import within the module against the rules that are
// about kinds of packages.
func checkLayers(t *testing.T, from, to string) {
	t.Helper()
	if leaf := leafOf(from); leaf != "" {
		own := strings.TrimSuffix(leaf, "/") + "/"
		switch {
		case strings.HasPrefix(to, own) || to+"/" == own:
		case leafOf(to) != "", to == "graph", strings.HasPrefix(to, "internal/"):
			t.Errorf("%s imports %s: leaves never import each other, graph or internal packages", from, to)
		}
	}
	if strings.HasPrefix(from, "internal/transport/") {
		ok := slices.Contains([]string{"serve", "oip", "oip/jsontext", "oip/inference", "oip/inference/modelrepository", "internal/tensorwire", "internal/readahead", "internal/socket"}, to) || strings.HasPrefix(to, from+"/")
		if !ok {
			t.Errorf("%s imports %s: a transport knows serve, oip, how tensors lie in messages, how frames are read and what sockets hold, and nothing else", from, to)
		}
	}
	composition := from == "." || from == "internal/server" || strings.HasPrefix(from, "cmd/")
	if strings.HasPrefix(to, "internal/transport/") && !composition && !strings.HasPrefix(from, to) && !strings.HasPrefix(from, "internal/transport/") {
		t.Errorf("%s imports %s: nothing imports a transport but the composition", from, to)
	}
	if to == "internal/monitor" && !composition {
		t.Errorf("%s imports %s: the monitor reads streams, and nothing on the way of a request knows it", from, to)
	}
}

// TestDocumentedDependencies wants a line in DEPENDENCIES.md for every module
// that go.mod requires directly, with its version.
func TestDocumentedDependencies(t *testing.T) {
	doc, err := os.ReadFile("../../DEPENDENCIES.md")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	require := regexp.MustCompile(`(?m)^(?:require )?\t?([a-z0-9.]+\.[a-z]+/\S+) (v\S+)( // indirect)?$`)
	found := 0
	for _, m := range require.FindAllStringSubmatch(string(mod), -1) {
		if m[3] != "" {
			continue
		}
		found++
		row := regexp.MustCompile(`(?m)^\| \S*` + regexp.QuoteMeta(m[1]) + `\S* \| ` + regexp.QuoteMeta(m[2]) + ` \|`)
		if !row.Match(doc) {
			t.Errorf("DEPENDENCIES.md has no line for %s %s", m[1], m[2])
		}
	}
	if found == 0 {
		t.Error("go.mod requires nothing, which cannot be")
	}
}

package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A banner is what serve prints when it has started: the models, the addresses
// and a command that works.
type banner struct {
	core *server.Core
	src  *source

	modelList
	HTTP    string `json:"http"`
	GRPC    string `json:"grpc,omitempty"`
	Admin   string `json:"admin"`
	Docs    string `json:"docs,omitempty"`
	Example string `json:"example"`
}

func (b *banner) print(env *Env, f format) error {
	infos := b.core.Models()
	b.modelList, b.Docs, b.Example = newModelList(infos), b.docs(), b.example(infos)
	if f.json() {
		return printJSON(env.Stdout, b)
	}
	if err := b.write(env.Stdout); err != nil {
		return err
	}
	var urls strings.Builder
	for _, at := range [][2]string{{"serving", b.HTTP}, {"grpc", b.GRPC}, {"admin", b.Admin}, {"docs", b.Docs}} {
		if at[1] != "" {
			fmt.Fprintf(&urls, "%-8s %s\n", at[0], at[1])
		}
	}
	_, err := fmt.Fprintf(env.Stdout, "\n%s\n%s\n", &urls, b.Example)
	return err
}

// docs is where the page is that shows what can be asked; "" in MLRun's contract, which
// has none.
func (b *banner) docs() string {
	if b.src.mlrun {
		return ""
	}
	return reachable(b.HTTP) + "/v2/docs"
}

// example is a curl command that the server answers: an inference by the first
// model that is ready and tells its inputs.
func (b *banner) example(infos []v2.Info) string {
	base := reachable(b.HTTP)
	first := ""
	for i := range infos {
		if infos[i].Phase != v2.Ready {
			continue
		}
		path := b.modelPath(&infos[i])
		curl, infers := exampleCurl(base+path, b.metadata(path))
		if infers {
			return curl
		}
		if first == "" {
			first = curl
		}
	}
	if first == "" {
		return "curl " + base + b.prefix()
	}
	return first
}

// modelPath is where requests for a model go. The version is left out where it
// is the one that they get anyway.
func (b *banner) modelPath(m *v2.Info) string {
	version := m.Version
	if m.Default && !b.src.mlrun {
		version = ""
	}
	return modelPath(b.prefix(), m.Name, version)
}

// prefix is where the models are: a router may have them somewhere else.
func (b *banner) prefix() string {
	if b.src.models == "" && b.src.spec != nil && b.src.spec.Graph != nil {
		if prefix, ok := b.src.spec.Graph.Args["url_prefix"].(string); ok && prefix != "" {
			return "/" + strings.Trim(prefix, "/")
		}
	}
	return "/v2/models"
}

// metadata is what the model at a path says of itself; nil if it says nothing.
func (b *banner) metadata(path string) []byte {
	ev := serve.NewEvent(serve.Target{Method: "GET", Path: path}, nil)
	answer, err := b.core.Serve(context.Background(), ev)
	if err != nil || answer == nil {
		return nil
	}
	body, err := oip.AppendBody(nil, answer.Body)
	if err != nil {
		return nil
	}
	return body
}

// reachable is the address as this machine can reach it when the server listens
// on all of them.
func reachable(url string) string {
	for _, all := range []string{"//[::]:", "//0.0.0.0:"} {
		url = strings.Replace(url, all, "//127.0.0.1:", 1)
	}
	return url
}

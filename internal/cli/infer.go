package cli

import (
	"bytes"
	"context"
	"net/url"
	"strings"

	"github.com/leat-ml/leat/client"
)

type inferCmd struct {
	Model     string `arg:"" help:"Name of the model."`
	Data      string `short:"d" placeholder:"JSON" help:"The body of the request, or only its rows; @FILE reads a file, - reads stdin."`
	URL       string `name:"url" setting:"" default:"http://127.0.0.1:8080" help:"Where the server is: http://, https://, grpc:// or grpcs://."`
	Token     string `setting:"" placeholder:"TOKEN" help:"Bearer token for the server, or @FILE that has it. The list of processes shows what a flag says: set the variable, or name a file."`
	Version   string `placeholder:"V" help:"Version of the model; the server's choice when not given."`
	Operation string `default:"infer" help:"What to ask the model: infer, explain, ready, metadata or one of its own."`
}

// Help implements [kong.HelpProvider].
func (inferCmd) Help() string {
	return `
Prints the body of the answer. When the server answers with an error, its text goes to stderr and the exit code is 1.

Rows alone are enough of a body; a whole one is sent as it is. Where the server does not take rows, as Triton, MLServer and KServe do not, and over gRPC, they become the tensors that the model's metadata describes. Without a body the question is a GET.

Examples:

    leat infer iris -d '[[5.1, 3.5, 1.4, 0.2]]'
    leat infer iris -d @request.json --version 2
    leat infer iris --operation metadata
    leat infer iris -d '[[5.1, 3.5, 1.4, 0.2]]' --url grpc://127.0.0.1:8081
    leat infer iris -d '[[5.1, 3.5, 1.4, 0.2]]' --url https://models.example.com --token @token
`
}

// Run asks the model and prints the answer.
func (c *inferCmd) Run(ctx context.Context, env *Env) error {
	from, err := at("--url", c.URL, "http", "https", "grpc", "grpcs")
	if err != nil {
		return err
	}
	token, err := readToken(c.Token)
	if err != nil {
		return err
	}
	var body []byte
	switch {
	case c.Data != "":
		if body, err = env.readBody("-d", c.Data); err != nil {
			return err
		}
		body = wrapRows(body)
	case c.infers() || c.Operation == "explain":
		return badUsage("%s needs inputs: give them with -d, for example -d '[[1, 2, 3]]'", c.Operation)
	}
	ask := c.overHTTP
	if strings.HasPrefix(from.base, "grpc") {
		ask = c.overGRPC
	}
	answer, err := ask(ctx, from, token, body)
	if err != nil {
		return token.hidden(from.told(ctx, err))
	}
	return env.printBody(answer)
}

func (c *inferCmd) infers() bool { return c.Operation == "infer" || c.Operation == "predict" }

// overHTTP asks with a body, or without one, and returns the body of the answer.
func (c *inferCmd) overHTTP(ctx context.Context, from where, token token, body []byte) ([]byte, error) {
	options := once
	options.Token = token.bearer()
	cl, err := client.New(from.base, &options)
	if err != nil {
		return nil, badUsage("%s: %v", from.flag, err)
	}
	r, err := cl.Do(ctx, &client.Message{Path: c.path(), Body: body})
	switch {
	case err == nil && c.Operation == "ready" && len(r.Body) == 0: // as Triton says yes
		return c.saidReady(true)
	case err == nil:
		return r.Body, nil
	case c.infers():
		return c.afterRefusal(ctx, cl, body, err)
	}
	return nil, err
}

func (c *inferCmd) path() string {
	path := modelPath("/v2/models", c.Model, c.Version)
	if c.Operation != "metadata" {
		path += "/" + url.PathEscape(c.Operation)
	}
	return path
}

// wrapRows makes a request of rows that stand alone.
func wrapRows(body []byte) []byte {
	rows := bytes.TrimSpace(body)
	if len(rows) == 0 || rows[0] != '[' {
		return body
	}
	return append(append([]byte(`{"inputs": `), rows...), '}')
}

// printBody writes the body of an answer: as it is for a program, and laid out
// for a person.
func (e *Env) printBody(body []byte) error {
	if len(body) == 0 {
		return nil
	}
	if e.Terminal {
		body = pretty(body)
	}
	if !bytes.HasSuffix(body, []byte("\n")) {
		body = append(body[:len(body):len(body)], '\n')
	}
	_, err := e.Stdout.Write(body)
	return err
}

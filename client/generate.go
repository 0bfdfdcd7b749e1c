package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
)

// A Prompt is a request of Triton's generate extension: each field that is named like
// an input becomes that input, and the others are parameters.
type Prompt struct {
	Model   string
	Version string // "" leaves it to the server
	Fields  map[string]any
}

// A Generated is an answer, or one of several, of a model that generates: an object
// whose fields are the outputs.
type Generated struct {
	Raw json.RawMessage
}

// Decode reads the answer into what v points to, as [json.Unmarshal] does.
func (g *Generated) Decode(v any) error {
	if err := json.Unmarshal(g.Raw, v); err != nil {
		return fmt.Errorf("read what was generated: %w", err)
	}
	return nil
}

// Text is the output text_output, as models of language have it; "" if there is none.
func (g *Generated) Text() string {
	var doc struct {
		Text string `json:"text_output"`
	}
	if g.Decode(&doc) != nil {
		return ""
	}
	return doc.Text
}

func (p *Prompt) call(verb string) (*call, error) {
	fields := map[string]any{} // not null
	maps.Copy(fields, p.Fields)
	return post(modelPath(p.Model, p.Version)+"/"+verb, fields)
}

// Generate asks a model for one answer.
func (c *Client) Generate(ctx context.Context, p *Prompt) (*Generated, error) {
	k, err := p.call("generate")
	if err != nil {
		return nil, err
	}
	r, err := c.send(ctx, k)
	if err != nil {
		return nil, err
	}
	if !json.Valid(r.body) {
		return nil, unreadable(k.op(c), errors.New("it is not JSON"))
	}
	return &Generated{Raw: r.body}, nil
}

// GenerateStream asks a model for as many answers as it has, which come one by one. An
// error that the model meets on its way comes as an [*Error] that is Ongoing, and more
// answers may follow it; any other ends the sequence. Ending the loop, or ctx, tells
// the server to stop.
func (c *Client) GenerateStream(ctx context.Context, p *Prompt) iter.Seq2[*Generated, error] {
	return func(yield func(*Generated, error) bool) {
		k, err := p.call("generate_stream")
		if err != nil {
			yield(nil, err)
			return
		}
		for data, err := range c.events(ctx, k) {
			if err != nil {
				yield(nil, err)
				return
			}
			g, err := c.generated(k, data)
			if !yield(g, err) {
				return
			}
		}
	}
}

// generated is one answer of a stream, which may be an error.
func (c *Client) generated(k *call, data []byte) (*Generated, error) {
	if !json.Valid(data) {
		return nil, unreadable(k.op(c), errors.New("an event is not JSON"))
	}
	if failed := c.inStream(k, data); failed != nil {
		return nil, failed
	}
	return &Generated{Raw: data}, nil
}

package clientgrpc

import (
	"context"
	"strings"

	"github.com/leat-ml/leat/client"
	pb "github.com/leat-ml/leat/oip/inference"
)

// Index lists the models of the server's repository, or those of them that are ready.
func (c *Client) Index(ctx context.Context, ready bool) ([]client.ModelState, error) {
	out, _, err := invoke(ctx, c, method{"RepositoryIndex", true}, c.calls.RepositoryIndex, &pb.RepositoryIndexRequest{Ready: ready})
	if err != nil {
		return nil, err
	}
	all := make([]client.ModelState, len(out.GetModels()))
	for i, m := range out.GetModels() {
		// MLServer has the name of its enumeration before the state.
		all[i] = client.ModelState{Name: m.GetName(), Version: m.GetVersion(), State: strings.TrimPrefix(m.GetState(), "State."), Reason: m.GetReason()}
	}
	return all, nil
}

// Load loads a model, or loads it anew, and returns when it is ready. opts may be nil.
func (c *Client) Load(ctx context.Context, model string, opts *client.LoadOptions) error {
	in := &pb.RepositoryModelLoadRequest{Parameters: map[string]*pb.ModelRepositoryParameter{}}
	if c.opts.KServe {
		in.RepositoryName = model // its field has this number
	} else {
		in.ModelName = model
	}
	if opts != nil {
		if opts.Config != "" {
			in.Parameters["config"] = &pb.ModelRepositoryParameter{ParameterChoice: &pb.ModelRepositoryParameter_StringParam{StringParam: opts.Config}}
		}
		for name, content := range opts.Files {
			in.Parameters["file:"+name] = &pb.ModelRepositoryParameter{ParameterChoice: &pb.ModelRepositoryParameter_BytesParam{BytesParam: content}}
		}
	}
	_, _, err := invoke(ctx, c, method{"RepositoryModelLoad", false}, c.calls.RepositoryModelLoad, in)
	return err
}

// Unload takes a model out of service, and with dependents also those that only it
// needs.
func (c *Client) Unload(ctx context.Context, model string, dependents bool) error {
	in := &pb.RepositoryModelUnloadRequest{Parameters: map[string]*pb.ModelRepositoryParameter{}}
	if c.opts.KServe {
		in.RepositoryName = model
	} else {
		in.ModelName = model
	}
	if dependents {
		in.Parameters["unload_dependents"] = &pb.ModelRepositoryParameter{ParameterChoice: &pb.ModelRepositoryParameter_BoolParam{BoolParam: true}}
	}
	_, _, err := invoke(ctx, c, method{"RepositoryModelUnload", false}, c.calls.RepositoryModelUnload, in)
	return err
}

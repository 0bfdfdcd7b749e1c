package grpc

import (
	"strings"
	"unicode"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

var errNoRepository = serve.Errorf(serve.NotOffered, "", "this server has no model repository")

func (c *call) repositoryIndex(r *pb.RepositoryIndexRequest) (*pb.RepositoryIndexResponse, error) {
	if err := c.oneRepository(r.GetRepositoryName()); err != nil {
		return nil, err
	}
	resp := &pb.RepositoryIndexResponse{}
	for _, m := range c.s.opts.Repository.Index() {
		if r.GetReady() && m.State != "READY" {
			continue
		}
		resp.Models = append(resp.Models, &pb.RepositoryIndexResponse_ModelIndex{Name: valid(m.Name), Version: valid(m.Version), State: m.State, Reason: valid(m.Reason)})
	}
	return resp, nil
}

// oneRepository refuses the names of repositories: there is one, without a name.
func (c *call) oneRepository(name string) error {
	switch {
	case c.s.opts.Repository == nil:
		return errNoRepository
	case name != "":
		return serve.Errorf(serve.NotOffered, "", "there is one repository, which has no name: repository_name %q is not known", name)
	}
	return nil
}

func (c *call) repositoryLoad(r *pb.RepositoryModelLoadRequest) (*pb.RepositoryModelLoadResponse, error) {
	model, kserve, err := c.modelOf(r.GetRepositoryName(), r.GetModelName())
	if err != nil {
		return nil, err
	}
	params, err := overrides(r.GetParameters())
	if err != nil {
		return nil, err
	}
	if err := c.s.opts.Repository.Load(c.ctx, model, params); err != nil {
		return nil, err
	}
	resp := &pb.RepositoryModelLoadResponse{}
	if kserve {
		resp.ModelName, resp.IsLoaded = model, true
	}
	return resp, nil
}

// overrides are the parameters of a load that replace something of the model: the
// configuration as a string, files as bytes.
func overrides(params map[string]*pb.ModelRepositoryParameter) (map[string][]byte, error) {
	all := map[string][]byte{}
	for key, p := range params {
		file := strings.HasPrefix(key, "file:")
		switch v := p.GetParameterChoice().(type) {
		case *pb.ModelRepositoryParameter_StringParam:
			if key == "config" {
				all[key] = []byte(v.StringParam)
				continue
			}
		case *pb.ModelRepositoryParameter_BytesParam:
			if file {
				all[key] = v.BytesParam
				continue
			}
		}
		if key == "config" || file {
			return nil, serve.Errorf(serve.BadRequest, "ValueError", "parameter %.300q: config is a string, and files are bytes", key)
		}
	}
	return all, nil
}

func (c *call) repositoryUnload(r *pb.RepositoryModelUnloadRequest) (*pb.RepositoryModelUnloadResponse, error) {
	model, kserve, err := c.modelOf(r.GetRepositoryName(), r.GetModelName())
	if err != nil {
		return nil, err
	}
	if err := c.s.opts.Repository.Unload(c.ctx, model); err != nil {
		return nil, err
	}
	resp := &pb.RepositoryModelUnloadResponse{}
	if kserve {
		resp.ModelName, resp.IsUnloaded = model, true
	}
	return resp, nil
}

// modelOf is the model of a request in either form: in KServe's the first field
// is the model, in the others the second. kserve says that the answer has
// KServe's fields.
func (c *call) modelOf(first, second string) (model string, kserve bool, err error) {
	if second == "" {
		first, second, kserve = "", first, true
	}
	if n := max(len(first), len(second)); n > maxName { // a message with files may be long
		return "", false, serve.Errorf(serve.BadRequest, "ValueError", "a name has %d bytes, and may have %d", n, maxName)
	}
	if err := c.oneRepository(first); err != nil {
		return "", false, err
	}
	if strings.TrimSpace(second) == "" || strings.Contains(second, "..") || strings.ContainsFunc(second, forbidden) {
		return "", false, serve.Errorf(serve.BadRequest, "ValueError", "%q is not the name of a model", second)
	}
	c.model = second
	return second, kserve, nil
}

// forbidden are runes that the name of a model in a repository cannot have.
func forbidden(r rune) bool {
	return r == '/' || r == '\\' || unicode.IsSpace(r) || unicode.IsControl(r)
}

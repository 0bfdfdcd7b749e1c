package grpc

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

func (c *call) serverLive(*pb.ServerLiveRequest) (*pb.ServerLiveResponse, error) {
	return &pb.ServerLiveResponse{Live: true}, nil
}

func (c *call) serverReady(*pb.ServerReadyRequest) (*pb.ServerReadyResponse, error) {
	return &pb.ServerReadyResponse{Ready: c.s.ready()}, nil
}

// modelReady answers false, as Triton does, for a model that is not there: to who
// waits for a model it is all the same.
func (c *call) modelReady(r *pb.ModelReadyRequest) (*pb.ModelReadyResponse, error) {
	if err := named(r.GetName()); err != nil {
		return nil, err
	}
	ev, err := c.serve(c.event(target("GET", r.GetName(), r.GetVersion(), "ready")))
	if err != nil && !notReady(err) {
		return nil, err
	}
	ready := err == nil && ev != nil && (ev.Reply == nil || ev.Reply.Status == 0 || ev.Reply.Status == 200)
	return &pb.ModelReadyResponse{Ready: ready}, nil
}

func notReady(err error) bool {
	code := serve.CodeOf(err)
	return code == serve.NotYet || code == serve.NotFound || code == serve.Unavailable
}

func named(model string) error {
	if model == "" {
		return serve.Errorf(serve.BadRequest, "ValueError", "the name of the model is missing")
	}
	return nil
}

// ask asks for a document.
func (c *call) ask(t serve.Target) (*serve.Object, error) {
	ev, err := c.serve(c.event(t))
	if err != nil {
		return nil, err
	}
	if ev == nil {
		return serve.NewObject(), nil
	}
	v, err := oip.Value(ev.Body)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*serve.Object)
	if !ok {
		return nil, serve.Errorf(serve.NotOffered, "", "%s is answered with what is no document of the protocol", t.Path)
	}
	return o, nil
}

func (c *call) serverMetadata(*pb.ServerMetadataRequest) (*pb.ServerMetadataResponse, error) {
	name, version, extensions := c.s.host.About()
	return &pb.ServerMetadataResponse{Name: name, Version: version, Extensions: extensions}, nil
}

func (c *call) modelMetadata(r *pb.ModelMetadataRequest) (*pb.ModelMetadataResponse, error) {
	o, err := c.metadata(r.GetName(), r.GetVersion())
	if err != nil {
		return nil, err
	}
	return &pb.ModelMetadataResponse{
		Name: text(o, "name"), Versions: stringsIn(o, "versions"), Platform: text(o, "platform"),
		Inputs: tensorsIn(o, "inputs"), Outputs: tensorsIn(o, "outputs"),
	}, nil
}

func (c *call) metadata(model, version string) (*serve.Object, error) {
	if err := named(model); err != nil {
		return nil, err
	}
	return c.ask(target("GET", model, version, ""))
}

// modelConfig is what is known of a model in the form of Triton's configuration.
func (c *call) modelConfig(r *pb.ModelConfigRequest) (*pb.ModelConfigResponse, error) {
	if err := named(r.GetName()); err != nil {
		return nil, err
	}
	config := &pb.ModelConfig{}
	err := c.read(target("GET", r.GetName(), r.GetVersion(), "config"), config)
	return &pb.ModelConfigResponse{Config: config}, err
}

// modelStatistics are those of one model, or of all.
func (c *call) modelStatistics(r *pb.ModelStatisticsRequest) (*pb.ModelStatisticsResponse, error) {
	path := "/v2/models/stats"
	if r.GetName() != "" {
		path = target("GET", r.GetName(), r.GetVersion(), "stats").Path
	}
	resp := &pb.ModelStatisticsResponse{}
	return resp, c.read(serve.Target{Method: "GET", Path: path}, resp)
}

// read asks for a document that is a message in JSON, which may have more.
func (c *call) read(t serve.Target, into proto.Message) error {
	o, err := c.ask(t)
	if err != nil {
		return err
	}
	text, err := oip.AppendValue(nil, o)
	if err == nil {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("read what %s is answered with: %w", t.Path, err)
	}
	return nil
}

// text is a member of a document that is a string.
func text(o *serve.Object, key string) string {
	v, _ := o.Value(key)
	s, _ := v.(string)
	return valid(s)
}

// stringsIn is a member of a document that is a list of strings.
func stringsIn(o *serve.Object, key string) []string {
	v, _ := o.Value(key)
	switch v := v.(type) {
	case []string:
		return v
	case []any:
		var all []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				all = append(all, valid(s))
			}
		}
		return all
	}
	return nil
}

// tensorsIn is a member of a document that is a list of tensors' descriptions.
func tensorsIn(o *serve.Object, key string) []*pb.ModelMetadataResponse_TensorMetadata {
	v, _ := o.Value(key)
	list, _ := v.([]any)
	var all []*pb.ModelMetadataResponse_TensorMetadata
	for _, item := range list {
		t, ok := item.(*serve.Object)
		if !ok {
			continue
		}
		all = append(all, &pb.ModelMetadataResponse_TensorMetadata{Name: text(t, "name"), Datatype: text(t, "datatype"), Shape: lengths(t)})
	}
	return all
}

func lengths(o *serve.Object) []int64 {
	v, _ := o.Value("shape")
	switch v := v.(type) {
	case []any:
		all := make([]int64, 0, len(v))
		for _, n := range v {
			n, _ := n.(int64)
			all = append(all, n)
		}
		return all
	case *serve.Tensor: // of a document that was read from JSON
		all, _ := serve.Data[int64](v)
		return all
	}
	return nil
}

package grpc

import (
	"context"

	gogrpc "google.golang.org/grpc"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/oip/inference/modelrepository"
)

// A method is one that a server serves.
type method struct {
	s             *Server
	office        *office
	service, name string
	health        bool // it watches over the server, and is not traced
	stream        bool
}

// inference is the description of the service. The streams and the inferences
// are those of this package; the rest is what the generated code has.
func (s *Server) inference(o *office) *gogrpc.ServiceDesc {
	name := pb.GRPCInferenceService_ServiceDesc.ServiceName
	about := func(m string) *method { return &method{s: s, office: o, service: name, name: m} }
	probe := func(m string) *method { return &method{s: s, office: o, service: name, name: m, health: true} }
	return &gogrpc.ServiceDesc{
		ServiceName: name,
		HandlerType: (*any)(nil),
		Metadata:    pb.GRPCInferenceService_ServiceDesc.Metadata,
		Methods: []gogrpc.MethodDesc{
			unary(probe("ServerLive"), (*call).serverLive),
			unary(probe("ServerReady"), (*call).serverReady),
			unary(probe("ModelReady"), (*call).modelReady),
			unary(about("ServerMetadata"), (*call).serverMetadata),
			unary(about("ModelMetadata"), (*call).modelMetadata),
			unary(about("ModelInfer"), (*call).infer),
			unary(about("ModelConfig"), (*call).modelConfig),
			unary(about("ModelStatistics"), (*call).modelStatistics),
			unary(about("RepositoryIndex"), (*call).repositoryIndex),
			unary(about("RepositoryModelLoad"), (*call).repositoryLoad),
			unary(about("RepositoryModelUnload"), (*call).repositoryUnload),
			unary(about("TraceSetting"), (*call).traceSetting),
			unary(about("LogSettings"), (*call).logSettings),
		},
		Streams: []gogrpc.StreamDesc{{
			StreamName: "ModelStreamInfer", Handler: s.stream(&method{s: s, office: o, service: name, name: "ModelStreamInfer", stream: true}), ServerStreams: true, ClientStreams: true,
		}},
	}
}

// repository is the description of the service that MLServer has for it.
func (s *Server) repository(o *office) *gogrpc.ServiceDesc {
	name := modelrepository.ModelRepositoryService_ServiceDesc.ServiceName
	of := func(m string) *method { return &method{s: s, office: o, service: name, name: m} }
	return &gogrpc.ServiceDesc{
		ServiceName: name,
		HandlerType: (*any)(nil),
		Metadata:    modelrepository.ModelRepositoryService_ServiceDesc.Metadata,
		Methods: []gogrpc.MethodDesc{
			unary(of("RepositoryIndex"), (*call).repositoryIndex),
			unary(of("RepositoryModelLoad"), (*call).repositoryLoad),
			unary(of("RepositoryModelUnload"), (*call).repositoryUnload),
		},
	}
}

// A single is a call with one message.
type single struct {
	call  call
	inbox inbox
}

// unary is a method that do serves.
func unary[Req, Resp any](m *method, do func(*call, *Req) (*Resp, error)) gogrpc.MethodDesc {
	return gogrpc.MethodDesc{
		MethodName: m.name,
		Handler: func(_ any, ctx context.Context, decode func(any) error, _ gogrpc.UnaryServerInterceptor) (any, error) {
			own := new(single)
			c := m.s.begin(ctx, m, &own.call)
			if m.office.open(&own.inbox, ctx); own.inbox.from != nil {
				decode, own.call.member.is.call = own.inbox.only, own.inbox.from
			}
			resp, err := answered(c, decode, do)
			if err = c.end(err); err != nil {
				return nil, err
			}
			return resp, nil
		},
	}
}

// answered reads the request and has do answer it.
func answered[Req, Resp any](c *call, decode func(any) error, do func(*call, *Req) (*Resp, error)) (resp *Resp, err error) {
	defer c.caught(&err)
	req := new(Req)
	if err := decode(req); err != nil {
		return nil, err
	}
	return do(c, req)
}

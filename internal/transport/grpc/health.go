package grpc

import (
	"context"
	"time"

	gogrpc "google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// lookAgain is how often those who watch are told of a change, at most.
const lookAgain = time.Second

// A health is grpc.health.v1.Health: the server as a whole and its service serve
// when the server is ready.
type health struct {
	healthpb.UnimplementedHealthServer
	s *Server
}

func (h *health) status(service string) healthpb.HealthCheckResponse_ServingStatus {
	switch {
	case service != "" && service != pb.GRPCInferenceService_ServiceDesc.ServiceName:
		return healthpb.HealthCheckResponse_SERVICE_UNKNOWN
	case h.s.ready():
		return healthpb.HealthCheckResponse_SERVING
	}
	return healthpb.HealthCheckResponse_NOT_SERVING
}

// Check implements healthpb.HealthServer.
func (h *health) Check(_ context.Context, r *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	st := h.status(r.GetService())
	if st == healthpb.HealthCheckResponse_SERVICE_UNKNOWN {
		return nil, statusOf(serve.Errorf(serve.NotFound, "", "there is no service %q", r.GetService())).Err()
	}
	return &healthpb.HealthCheckResponse{Status: st}, nil
}

// List implements healthpb.HealthServer.
func (h *health) List(context.Context, *healthpb.HealthListRequest) (*healthpb.HealthListResponse, error) {
	all := map[string]*healthpb.HealthCheckResponse{}
	for _, service := range []string{"", pb.GRPCInferenceService_ServiceDesc.ServiceName} {
		all[service] = &healthpb.HealthCheckResponse{Status: h.status(service)}
	}
	return &healthpb.HealthListResponse{Statuses: all}, nil
}

// Watch implements healthpb.HealthServer.
func (h *health) Watch(r *healthpb.HealthCheckRequest, stream gogrpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	told := healthpb.HealthCheckResponse_UNKNOWN
	for {
		if st := h.status(r.GetService()); st != told {
			told = st
			if err := stream.Send(&healthpb.HealthCheckResponse{Status: st}); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-stream.Context().Done():
			return statusOf(stream.Context().Err()).Err()
		case <-h.s.closing:
			return statusOf(errShutDown).Err()
		}
	}
}

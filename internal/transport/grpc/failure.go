package grpc

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/serve"
)

// What the transport itself refuses.
var (
	errShutDown = serve.Errorf(serve.Unavailable, "", "the server is shutting down")
	errLate     = serve.Errorf(serve.Timeout, "", "the deadline passed before the answer was ready")
)

var statuses = map[serve.Code]codes.Code{
	serve.Internal:        codes.Internal,
	serve.BadRequest:      codes.InvalidArgument,
	serve.Unauthenticated: codes.Unauthenticated,
	serve.Forbidden:       codes.PermissionDenied,
	serve.NotFound:        codes.NotFound,
	serve.WrongMethod:     codes.Unimplemented,
	serve.NotYet:          codes.Unavailable,
	serve.TooLarge:        codes.ResourceExhausted,
	serve.Unsupported:     codes.Unimplemented,
	serve.Limited:         codes.ResourceExhausted,
	serve.NotOffered:      codes.Unimplemented,
	serve.Unavailable:     codes.Unavailable,
	serve.Timeout:         codes.DeadlineExceeded,
	serve.Canceled:        codes.Canceled,
	serve.Unwritable:      codes.Internal,
}

// statusOf is how a failure is told to the client. What already is a status of
// gRPC stays one.
func statusOf(err error) *status.Status {
	var own *serve.Error
	if !errors.As(err, &own) {
		if st, ok := status.FromError(err); ok {
			return st
		}
	}
	code, ok := statuses[serve.CodeOf(err)]
	if !ok {
		code = codes.Internal
	}
	return status.New(code, valid(err.Error()))
}

// blames says whether a code means that the server is to blame.
func blames(code codes.Code) bool {
	switch code {
	case codes.Internal, codes.Unknown, codes.DataLoss, codes.Unavailable, codes.DeadlineExceeded, codes.Unimplemented:
		return true
	}
	return false
}

// codeNames are the codes as the specification of gRPC spells them.
var codeNames = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

func codeName(code codes.Code) string {
	if int(code) < len(codeNames) {
		return codeNames[code]
	}
	return "UNKNOWN"
}

package grpc

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/serve"
)

// What the transport itself refuses.
var (
	errShutDown = serve.Errorf(serve.Unavailable, "", "the server is shutting down")
	errLate     = serve.Errorf(serve.Timeout, "", "the deadline passed before the answer was ready")
	errSlow     = serve.Errorf(serve.Timeout, "", "the message did not arrive in time")
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

// statusOf is how a failure is told to the client in the trailer of a call, which may
// not be long.
func statusOf(err error) *status.Status {
	st := wholeStatus(err)
	if text := st.Message(); len(text) > maxText/encoded {
		if short := shortened(text); short != text {
			return status.New(st.Code(), short)
		}
	}
	return st
}

const (
	// maxText is how many bytes the text of a status has at most as it is sent. Clients
	// refuse trailers of more than 8 to 16 KiB, some with the connection and all of its
	// calls, and nobody learns the status then: a text may hold what a client has sent,
	// such as the name of a model, and a stack.
	maxText = 6 << 10
	// encoded is how many bytes one takes at most.
	encoded = len("%00")
)

// shortened is a text of which as much is left as may be sent.
func shortened(text string) string {
	room := maxText
	for i, r := range text {
		if room -= sentSize(r); room < 0 {
			return fmt.Sprintf("%s… (%d bytes more)", text[:i], len(text)-i)
		}
	}
	return text
}

// sentSize is how many bytes of a trailer a character of a text takes.
func sentSize(r rune) int {
	if r >= ' ' && r <= '~' && r != '%' {
		return 1
	}
	return encoded * utf8.RuneLen(r)
}

// wholeStatus is statusOf where a text may be long. What already is a status of gRPC
// stays one.
func wholeStatus(err error) *status.Status {
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

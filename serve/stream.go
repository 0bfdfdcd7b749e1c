package serve

import "context"

// A Streamer is a model that may answer a request any number of times. Stream
// calls send for each answer, with what Predict would return, and returns when
// there are no more; an error of its own ends the stream, behind the answers that
// were sent. send returns once the caller has taken the answer, so a model is
// never far ahead of who reads; its error says that nobody reads any more, and
// Stream should return then, as at the end of ctx. send may be called from any
// goroutine until Stream returns; outputs must not change after it. Outputs that are an
// error are an answer that says so, behind which others may come.
//
// The operations generate_stream and infer_stream over HTTP, and streams over
// gRPC, ask for Stream; all others for Predict. A model that only streams embeds
// [OnlyStreams].
type Streamer interface {
	Stream(ctx context.Context, req *Request, send func(outputs any) error) error
}

// OnlyStreams is embedded in models that have Stream and no Predict of their own.
type OnlyStreams struct{}

// Predict refuses: the model's answers are a stream.
func (OnlyStreams) Predict(context.Context, *Request) (any, error) { return nil, ErrOnlyStreams }

func (OnlyStreams) onlyStreams() {}

// StreamsOnly says whether a model embeds [OnlyStreams], and so has no one answer.
func StreamsOnly(m Model) bool {
	_, ok := m.(interface{ onlyStreams() })
	return ok
}

// ErrOnlyStreams is the answer to who asks a model for one answer that has any
// number of them.
var ErrOnlyStreams error = Errorf(NotOffered, "NotImplementedError",
	"the model answers any number of times: ask generate_stream or infer_stream, or a stream of gRPC")

// A Sink takes the answers of one request one by one.
type Sink interface {
	// Send passes on one answer, of which it keeps no more than elements of tensors,
	// and returns when the next may be made. Its error ends the stream: the caller is
	// gone, or late. An answer whose value is an error says so in its place, and does
	// not end the stream.
	Send(answer Body) error
}

// Offer says that the event may be answered several times: all answers go to the
// sink then, and the event that is the outcome holds none. It is for transports.
// Clones of the event, and what an engine runs within a step, are answered once.
func (e *Event) Offer(s Sink) { e.Reply = &Reply{sink: s} }

// Sink is where answers go one by one; nil where the event is answered once.
func (e *Event) Sink() Sink {
	if e.Reply == nil {
		return nil
	}
	return e.Reply.sink
}

// EndStream makes the event the outcome of a request whose answers have gone to the
// sink, however many they were.
func (e *Event) EndStream() {
	e.Body, e.Reply = RawBody(nil), &Reply{ContentType: eventStream, streamed: true}
}

// eventStream is what a request is answered with over HTTP that has had no answers.
const eventStream = "text/event-stream; charset=utf-8"

// Streamed says whether the event is the outcome of a stream.
func (e *Event) Streamed() bool { return e.Reply != nil && e.Reply.streamed }

// once is how a clone is answered.
func (e *Event) once() *Reply {
	if e.Sink() != nil {
		return nil
	}
	return e.Reply
}

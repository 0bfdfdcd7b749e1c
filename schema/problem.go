package schema

import "fmt"

// A Problem says why a step fails with the bodies of a type. It is an error.
type Problem struct {
	Msg string
	// Some says that it fails with some of them only, or that not all events are
	// treated so.
	Some bool
	// Route is the route of a router that it is about; "" for none.
	Route string
}

// Error is what is wrong.
func (p *Problem) Error() string { return p.Msg }

// Fails is the problem that every body of a type has.
func Fails(format string, args ...any) *Problem {
	return &Problem{Msg: fmt.Sprintf(format, args...)}
}

// Doubt is the problem that some bodies of a type have.
func Doubt(format string, args ...any) *Problem {
	return &Problem{Msg: fmt.Sprintf(format, args...), Some: true}
}

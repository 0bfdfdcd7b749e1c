// Package readahead reads the frames of a large message over HTTP/2 with one call of the
// system each instead of two: with the rest of a frame comes the header of the next.
//
// grpc-go reads a header of nine bytes by its read buffer, and what the buffer does not
// have of a frame to where it stays. So a frame of 16 KiB is a read of the buffer, and one
// of the rest, which ends where the next header begins. A [Conn] asks the system for
// these nine bytes as well, keeps them, and has the read of the buffer answered by them.
//
// A server's first nine bytes are looked at as well: who speaks HTTP/1.1 is told so.
package readahead

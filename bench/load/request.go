package load

import "fmt"

// Render returns the bytes of an HTTP/1.1 request: a GET without a body, a POST
// of JSON with one.
func Render(path string, body []byte) []byte {
	if body == nil {
		return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path)
	}
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, len(body))
	return append(head, body...)
}

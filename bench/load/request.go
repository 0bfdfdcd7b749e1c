package load

import "fmt"

// Render returns the bytes of an HTTP/1.1 request: a GET without a body, a POST
// of JSON with one. fields are further fields of its header: name, value, name …
func Render(path string, body []byte, fields ...string) []byte {
	if body == nil {
		return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path)
	}
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, len(body))
	for i := 1; i < len(fields); i += 2 {
		head = fmt.Appendf(head, "%s: %s\r\n", fields[i-1], fields[i])
	}
	head = append(head, "\r\n"...)
	return append(head, body...)
}

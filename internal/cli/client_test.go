package cli

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/leat-ml/leat/client"
)

// foreign answers as FastAPI does where it has nothing, which is what other servers are
// made with.
func foreign(t *testing.T) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"detail":"Not Found"}`)
	}))
	t.Cleanup(web.Close)
	return web.Listener.Addr().String()
}

func portOfGRPC(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// What is asked at a wrong address says what is wrong with it, and no password.
func TestWrongAddress(t *testing.T) {
	web, rpc := foreign(t), portOfGRPC(t)
	infer := func(url string) []string { return []string{"infer", "m", "-d", "[[1]]", "--url", url} }
	for _, tt := range []struct {
		name string
		args []string
		exit int
		err  string
	}{
		{"HTTP to gRPC", infer("http://" + rpc), Failed, "what listens at http://" + rpc + " speaks gRPC: ask it with --url grpc://" + rpc},
		{"gRPC to HTTP", infer("grpc://" + web), Failed, "what listens at grpc://" + web + " speaks HTTP: ask it with --url http://" + web},
		{"HTTPS to HTTP", infer("https://" + web), Failed, "what listens at https://" + web + " does not speak TLS: ask it with --url http://" + web},
		{"TLS to gRPC without", infer("grpcs://" + rpc), Failed, "what listens at grpcs://" + rpc + " does not speak TLS: ask it with --url grpc://" + rpc},
		{"admin at gRPC", []string{"ls", "--admin", rpc}, Failed, "speaks gRPC: the admin port is another"},
		{"admin of no server of ours", []string{"ls", "--admin", web}, Failed, "404 Not Found: Not Found: is it the admin port of a leat server?"},
		{"no server, with a password", infer("http://user:secret@127.0.0.1:1"), Failed, "no server runs at http://user:xxxxx@127.0.0.1:1 (connection refused)"},
		{"refused, with a password", infer("http://user:secret@" + web), Failed, "POST http://user:xxxxx@" + web + "/v2/models/m/infer: 404 Not Found: Not Found"},
		{"admin, with a password", []string{"ls", "--admin", "http://user:secret@" + web}, Failed, "GET http://user:xxxxx@" + web},
		{"a password over gRPC", infer("grpc://user:secret@" + rpc), BadUsage, "it names a user, for which gRPC has no place: give host:port"},
		{"a password that cannot be", infer("http://user:sec%ret@" + web), BadUsage, `--url: invalid URL escape "%re"`},
		{"a password and no host", infer("http://user:secret@"), BadUsage, `"http://user:xxxxx@" names no host`},
		{"a password and more than a path", infer("http://user:secret@h/?x"), BadUsage, `"http://user:xxxxx@h/?x" has more than a path`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exit, out, errs := runOut(t, Env{}, tt.args...)
			if exit != tt.exit || !strings.Contains(errs, tt.err) || strings.Contains(errs, "secret") || out != "" {
				t.Errorf("exit %d, stdout %q, stderr %q; want %d and %q", exit, out, errs, tt.exit, tt.err)
			}
		})
	}
}

// Names are looked up elsewhere, which a test does not do.
func TestUnknownHost(t *testing.T) {
	at := where{flag: "--url", shown: "http://rose"}
	for _, tt := range []struct {
		err  client.Error
		want string
	}{
		{client.Error{Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "rose", IsNotFound: true}}}, "there is no host of the name in http://rose: say where the server is with --url"},
		{client.Error{Message: "name resolver error: produced zero addresses"}, "there is no host of the name in http://rose: say where the server is with --url"},
		{client.Error{Err: &net.DNSError{Err: "read udp 127.0.0.1:53: connection refused", Name: "rose"}}, "ask http://rose: lookup rose: read udp 127.0.0.1:53: connection refused"},
	} {
		if got := at.told(t.Context(), &tt.err).Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

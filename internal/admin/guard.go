package admin

import (
	"net"
	"net/http"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// An admin port on a loopback address asks for no password: whoever can connect
// is on this machine. A web page in a browser on this machine is not, and so
// must neither send requests across origins nor point a name of its own at the
// address (DNS rebinding).

var (
	errRemote = serve.Errorf(serve.Forbidden, "", "models are loaded, unloaded and reloaded over a loopback address only")
	errName   = serve.Errorf(serve.Forbidden, "", "a loopback address is asked by its number or as localhost")
	errOrigin = serve.Errorf(serve.Forbidden, "", "requests of web pages from other origins are refused")
)

var origins = http.NewCrossOriginProtection()

// guarded serves a path of the API to those who may use it.
func (a *api) guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.refusal(r); err != nil {
			fail(w, err)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// refusal says why the request is refused; nil if it is not.
func (a *api) refusal(r *http.Request) error {
	local := isLocal(r)
	if local && !isNumberOrLocalhost(r.Host) {
		return errName
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if origins.Check(r) != nil {
		return errOrigin
	}
	if !local && !a.opts.AllowRemote {
		return errRemote
	}
	return nil
}

// isLocal says whether the request came to an address that only this machine
// can reach.
func isLocal(r *http.Request) bool {
	switch addr := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.TCPAddr:
		return addr.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

func isNumberOrLocalhost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host) != nil
}

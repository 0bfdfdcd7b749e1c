package cli

import "strings"

// instead is what leat has for the words that start other servers: Triton's, MLServer's
// and KServe's.
var instead = map[string]string{
	"--model-repository": "leat serve PATH", "--model-store": "leat serve PATH", "--model_dir": "leat serve PATH",
	"--http-address": "--http HOST:PORT", "--http-port": "--http HOST:PORT", "--http_port": "--http HOST:PORT",
	"--grpc-address": "--grpc HOST:PORT", "--grpc-port": "--grpc HOST:PORT", "--grpc_port": "--grpc HOST:PORT",
	"--metrics-port": "--admin HOST:PORT", "--strict-readiness": "--ready all or any", "start": "leat serve PATH",
}

// insteadOf is a hint for a word that is not leat's, in what says so; "" where there is
// none.
func insteadOf(msg string) string {
	word, found := strings.CutPrefix(msg, "unknown flag ")
	if !found {
		word, found = strings.CutPrefix(msg, "there is no verb ")
	}
	if here := instead[word]; found && here != "" {
		return ": it is " + here + " here"
	}
	return ""
}

// Package admin serves what operators and their tools ask a server: its
// metrics, whether it lives and is ready, and the JSON API behind the verbs ls,
// load, unload and reload. [New] returns the handler of the admin port.
//
//	GET  /healthz                       200 {"live":true} while the process serves
//	GET  /readyz                        200 {"ready":true}, else 503 {"ready":false,"error":why}
//	GET  /metrics                       Prometheus text, OpenMetrics or protobuf
//	GET  /api/v1/server                 version, uptime and URLs
//	GET  /api/v1/models                 {"models":[…]}
//	POST /api/v1/models/{name}/load     loads a model, or loads it anew
//	POST /api/v1/models/{name}/unload   unloads it
//	POST /api/v1/reload                 swaps everything for what the files say now
//
// The three that change something answer when it is done, with the models as
// they are then. Errors are {"error":"<text>"}.
package admin

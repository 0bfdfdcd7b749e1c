// Package v2 is the model server: a [Server] is the life of one model (load,
// readiness, preprocess, validate, predict or explain, postprocess, record) as
// one step of a graph, and a [Router] gives several of them the URLs of the V2
// protocol, /v2/models/<model>[/versions/<version>]/<operation>.
//
// Both follow MLRun's V2ModelServer and ModelRouter, in MLRun's contract to the
// letter and in the default one with true error codes.
package v2

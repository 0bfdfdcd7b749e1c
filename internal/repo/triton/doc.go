// Package triton reads what a repository of the Triton Inference Server says of a
// model: its config.pbtxt, by docs/user_guide/model_configuration.md of
// triton-inference-server/server. [Read] tells everything in it that is wrong or
// that leat does not serve, with its place; what it means is said by the methods
// of a [Config].
//
// Nothing here opens a model or looks at a folder.
package triton

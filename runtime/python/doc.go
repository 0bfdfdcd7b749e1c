// Package python runs users' Python code, unmodified, in worker processes beside
// the server: models, steps and functions of MLRun, MLServer's and Triton's
// classes, plain functions. [Code] says where the code is; [Code.Load] asks a
// worker what is in it; [Loaded.Join] gives its classes and functions to a
// catalog, behind those that are built in.
//
// A worker is one process of the user's interpreter with the package in worker,
// which is a part of the binary. PROTOCOL.md says how the two sides talk. Each
// model has processes of its own, so that one that crashes takes no other with
// it; all plain steps and functions of one graph share one, since MLRun's steps
// share a context.
package python

// Package server composes a running server: a graph or a model repository
// behind one handler ([Core]), and the ports, readiness and shutdown around it
// ([Run]).
package server

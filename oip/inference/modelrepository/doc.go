// Package modelrepository has the service that MLServer has besides
// GRPCInferenceService, generated from proto/inference/model_repository. Its
// messages are those of package inference.
package modelrepository

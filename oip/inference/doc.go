// Package inference has the messages of the Open Inference Protocol over gRPC and
// its service, generated from proto/inference, for servers and clients. Importing
// it registers them with the protobuf library under the names that Triton,
// MLServer and KServe use too: a program that also links their generated code has
// to say GOLANG_PROTOBUF_REGISTRATION_CONFLICT=warn.
package inference

//go:generate ../../scripts/generate-proto.sh

// Package parquet writes flat tables as Apache Parquet files: [NewWriter]. It
// has what a sink for events needs and no more: optional columns of five types,
// PLAIN encoding, one gzip page a column and row group. Whatever reads Parquet
// reads it.
//
// The format is that of https://github.com/apache/parquet-format, version 2.10
// of parquet.thrift, whose names are used; metadata is in Thrift's compact
// protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
package parquet

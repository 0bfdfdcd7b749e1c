// Package document reads YAML and JSON into one tree of values that know where
// they stand, so that whoever reads settings from it can name line and column.
//
// [Parse] is the entry point. Everything in a document is taken for hostile:
// size, nesting and what aliases expand to are bounded, and a key that is there
// twice is a problem. Plain words follow the core schema of YAML 1.2
// (https://yaml.org/spec/1.2.2/#103-core-schema): yes, no, on and off are text,
// 010 is ten. JSON is read by its own rules (RFC 8259), with the NaN, Infinity
// and -Infinity that Python writes.
package document

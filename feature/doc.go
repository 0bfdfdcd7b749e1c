// Package feature finds the features of entities: a [Source] has a row for each
// key, such as a customer's number, and a [Policy] fills in what is missing.
// [Open] opens a source by its address; [Table] is the one that is a CSV file.
package feature

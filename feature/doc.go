// Package feature finds the features of entities: a [Source] has a row for each
// key, such as a customer's number, and a [Policy] fills in what is missing.
// [Open] opens a source by its address: a [Table] is a CSV file, a [SQLTable] one of
// a database.
package feature

// Package feature finds the features of entities: a [Source] has a row for each
// key, such as a customer's number, and a [Policy] fills in what is missing.
// [Open] opens a source by its address: a [Table] is a CSV file, a [SQLTable] one of
// a database. Further kinds are linked by importing their packages: feature/sqlite,
// feature/postgres and feature/redis. Package feature/featuretest has the suite that
// every source passes.
package feature

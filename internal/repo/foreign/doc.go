// Package foreign serves models by the settings of other servers' repositories: a
// model that a runtime loads, seen through the schema that the settings declare,
// behind the scheduling that they ask for.
package foreign

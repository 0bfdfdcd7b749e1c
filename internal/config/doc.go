// Package config reads the files that users write: server specs, MLRun function
// files and the model.yaml of a repository. [ReadSpec], [ParseSpec] and
// [ParseModelConfig] return every problem at once, each with its place. A key
// that is known but not honoured by this version is refused by name, never
// ignored.
package config

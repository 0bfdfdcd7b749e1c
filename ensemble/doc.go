// Package ensemble makes one answer of the answers of several models. It is
// functions over tensors and knows neither models nor requests: a [Panel] is
// what is fixed (the models' names and weights), [Panel.Combine] what is done
// with their answers, and [Infer] finds out how when nobody has said it.
package ensemble

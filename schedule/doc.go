// Package schedule decides when requests get to a model, and together with which
// others: a [Batcher] puts requests together that wait for the model, a [Sequencer]
// keeps the requests of a sequence in order and gives the model the signals of its
// begin and end, and a [Cache] answers what has been answered before.
//
// Each of them is a model over a model, safe for concurrent use. What they do and
// how their settings are called follows Triton's model configuration
// (docs/user_guide/batcher.md, model_configuration.md and response_cache.md of
// triton-inference-server/server), so that its configurations can be served; the
// settings of other servers are translated.
//
// A model that has none of them costs nothing for their being there.
package schedule

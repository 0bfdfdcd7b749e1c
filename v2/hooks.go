package v2

import "github.com/leat-ml/leat/serve"

// hooks is what a model has beside Predict of the life of a request, found out
// once: asking a value for an interface takes as long as many a model does.
type hooks struct {
	pre      serve.Preprocessor
	validate serve.RequestValidator
	post     serve.Postprocessor
	log      serve.ResultLogger
	stream   serve.Streamer
	byFile   bool // answers follow the file, and what a request asks of it
}

func hooksOf(m serve.Model) hooks {
	var h hooks
	h.pre, _ = m.(serve.Preprocessor)
	h.validate, _ = m.(serve.RequestValidator)
	h.post, _ = m.(serve.Postprocessor)
	h.log, _ = m.(serve.ResultLogger)
	h.stream, _ = m.(serve.Streamer)
	if f, ok := m.(interface{ ByFile() bool }); ok {
		h.byFile = f.ByFile()
	}
	return h
}

package python

import "errors"

// Together is why requests cannot be put together to one: classes of MLRun's, and
// functions, get a request as its client wrote it, and answer it as they like.
func (m *Model) Together() error {
	if m.object.Kind == kindObject || isHosted(m.object) {
		return nil
	}
	return errors.New("requests to this Python code cannot be put together, since it gets each as it was sent; what can are classes of Triton's and MLServer's, and estimators in files")
}

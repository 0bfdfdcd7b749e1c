package xgboost

import "github.com/leat-ml/leat/runtime/trees/internal/jsondoc"

// jsonDocument is a document in JSON.
type jsonDocument struct{ d *jsondoc.Document }

func newJSON(data []byte) jsonDocument { return jsonDocument{jsondoc.New(data)} }

func (j jsonDocument) object(member func(key []byte) error) error { return j.d.Object(member) }
func (j jsonDocument) array(element func() error) error           { return j.d.Array(element) }
func (j jsonDocument) text() (string, error)                      { return j.d.Text() }
func (j jsonDocument) floats(dst []float32) ([]float32, error)    { return j.d.Floats(dst) }
func (j jsonDocument) ints(dst []int32) ([]int32, error)          { return j.d.Ints(dst) }
func (j jsonDocument) skip() error                                { return j.d.Skip() }

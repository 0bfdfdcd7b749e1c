package python

import (
	"slices"

	"github.com/leat-ml/leat/serve"
)

var _ serve.OperationLister = (*Model)(nil)

// Operations implements [serve.OperationLister]: the names of the class's op_xx.
func (m *Model) Operations() []string { return slices.Clone(m.object.Ops) }

// Explains says whether the class explains.
func (m *Model) Explains() bool { return slices.Contains(m.object.Hooks, "explain") }

package serve

// An OperationLister is an [Operator] that tells the names of its operations, for
// documents.
type OperationLister interface {
	Operations() []string
}

//go:build !unix

package remote

// alive cannot be told here without reading.
func (l *link) alive() bool { return true }

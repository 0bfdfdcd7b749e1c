package v2

import "github.com/leat-ml/leat/serve"

// Workers implements [serve.Crewed], as Down its interface.
func (f *FileModel) Workers() serve.Workers {
	if c, ok := f.model.(serve.Crewed); ok {
		return c.Workers()
	}
	return serve.Workers{}
}

// Down implements [serve.Supervised] for runtimes that run models in other
// processes. It is asked of models that have loaded.
func (f *FileModel) Down() error {
	if s, ok := f.model.(serve.Supervised); ok {
		return s.Down()
	}
	return nil
}

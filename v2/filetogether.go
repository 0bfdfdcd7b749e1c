package v2

// Together is why requests to the loaded model cannot be put together to one, as far
// as the model says so; nil where they can.
func (f *FileModel) Together() error {
	if m, ok := f.model.(interface{ Together() error }); ok {
		return m.Together()
	}
	return nil
}

// ByFile says that answers follow the file, and what a request asks of it.
func (f *FileModel) ByFile() bool { return true }

// Explains says whether the loaded model does.
func (f *FileModel) Explains() bool { return explains(f.model) }

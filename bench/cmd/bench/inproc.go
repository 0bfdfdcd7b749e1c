package main

import "context"

func (b *bench) inproc(ctx context.Context) error { return nil }

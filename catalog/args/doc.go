// Package args decodes the arguments of a class (class_args in a spec) into a
// configuration struct: [Decoder.Decode]. It is strict. An argument that the
// struct does not have, a required one that is missing and a value of the wrong
// kind are errors that name the argument and suggest what was meant, and all of
// them are reported at once.
//
// Fields are declared with a tag, their defaults are what the struct holds
// before it is decoded:
//
//	type batchConfig struct {
//		MaxEvents int           `arg:"max_events"`
//		After     time.Duration `arg:"flush_after_seconds"`    // a number of seconds
//		Key       string        `arg:"key_field,key,required"` // also known as key
//	}
//
//	c := batchConfig{MaxEvents: 128}
//	err := args.Decoder{Func: a.Func}.Decode(a.Values, &c)
package args

package graph

import (
	"encoding/json"
	"testing"
)

func TestWritePython(t *testing.T) {
	for want, p := range map[string]*Python{
		`{"models":"m"}`: {Source: "import os", Module: "code"},
		`{"models":"m","python":{"paths":["a.py"],"interpreter":".venv","workers":2,"memory":"2GiB"}}`: {
			Paths: []string{"a.py"}, Interpreter: ".venv", Workers: 2, Memory: 2 << 30,
		},
		`{"models":"m","python":{"memory":"3MiB"}}`:   {Memory: 3 << 20},
		`{"models":"m","python":{"memory":"1025B"}}`:  {Memory: 1025},
		`{"models":"m","python":{"interpreter":"p"}}`: {Interpreter: "p"},
	} {
		got, err := json.Marshal(&Spec{Models: "m", Python: p})
		if err != nil || string(got) != want {
			t.Errorf("%s, error %v, want %s", got, err, want)
		}
	}
}

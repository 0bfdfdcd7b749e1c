package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
)

func TestPython(t *testing.T) {
	tests := []struct {
		name, text string
		want       *graph.Python
		problems   []string
	}{
		{name: "all", text: "python: {paths: [a.py, lib], interpreter: .venv, workers: 2, memory: 2GiB}\nmodels: .\n",
			want: &graph.Python{Pos: graph.Pos{Line: 1, Col: 1}, Paths: []string{"a.py", "lib"}, Interpreter: ".venv", Workers: 2, Memory: 2 << 30}},
		{name: "one path", text: "models: .\npython:\n  paths: a.py\n  memory: 512 MiB\n",
			want: &graph.Python{Pos: graph.Pos{Line: 2, Col: 1}, Paths: []string{"a.py"}, Memory: 512 << 20}},
		{name: "nothing", text: "models: .\npython:\n"},
		{name: "no mapping", text: "models: .\npython: a.py\n", problems: []string{`s.yaml:2:9: python must be a mapping, found "a.py"`}},
		{name: "mistakes", text: "models: .\npython: {path: a.py, workers: 0, memory: 2, paths: [1]}\n", problems: []string{
			`s.yaml:2:10: unknown key "path" (did you mean "paths"?)`, "s.yaml:2:31: workers must be a number from 1 to 256",
			"s.yaml:2:42: memory must be a size with its unit, such as 512MiB or 2GiB, found 2",
			"s.yaml:2:53: paths must list files and folders, found 1",
		}},
		{name: "sizes", text: "models: .\npython: {memory: 0MiB, workers: 1000}\n", problems: []string{
			"s.yaml:2:18: memory is out of range", "s.yaml:2:33: workers must be a number from 1 to 256",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, problems := ParseSpec("s.yaml", []byte(tt.text), Options{})
			if diff := cmp.Diff(tt.problems, told(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if len(tt.problems) > 0 {
				return
			}
			if diff := cmp.Diff(tt.want, s.Python); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

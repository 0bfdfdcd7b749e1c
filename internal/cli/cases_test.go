package cli

import (
	"bufio"
	"os"
	"testing"
)

// FuzzReadCase reads lines of a file of cases, those of the conformance suite
// among them.
func FuzzReadCase(f *testing.F) {
	file, err := os.Open("../../conformance/mlrun.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f.Add([]byte(lines.Text()), []byte(`{"outputs": [1, 2.5], "id": "x"}`))
	}
	f.Add([]byte(`{"request": [{}], "expect": [{"keys_order": ["a"], "body": [[[]]]}]}`), []byte(`{"a": 1, "b"`))
	f.Fuzz(func(t *testing.T, line, body []byte) {
		c, err := readCase(line)
		if err != nil {
			return
		}
		for i := range c.expects {
			c.expects[i].check(answer{status: 200, body: body})
		}
		if c.uncheckable() == "" && !c.expects[0].ofBuild() && len(c.requests) != len(c.expects) {
			t.Errorf("%d requests, but %d expectations", len(c.requests), len(c.expects))
		}
	})
}

// TestConformanceCases reads the whole conformance suite.
func TestConformanceCases(t *testing.T) {
	cases, err := readCases("../../conformance/mlrun.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Name == "" || len(c.expects) == 0 {
			t.Errorf("line %d has no name or expects nothing", c.line)
		}
	}
}

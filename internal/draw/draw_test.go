package draw

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
)

var example = &graph.Spec{Graph: &graph.StepSpec{OnError: "bad", Steps: []*graph.StepSpec{
	{Name: "clean", Handler: "(event['x'])"},
	{Name: "queue", Kind: "queue", Path: "mem://q", After: []string{"clean"}},
	{Name: "models", Kind: "router", Class: "mlrun.serving.VotingEnsemble", After: []string{"queue"}, Routes: []*graph.StepSpec{
		{Name: "a", Class: "Model"}, {Name: "b", Class: "Model"},
	}},
	{Name: "inner", Kind: "flow", After: []string{"models"}, Steps: []*graph.StepSpec{
		{Name: "x", Class: "Map"}, {Name: "y", Class: "Map", After: []string{"x"}},
	}},
	{Name: "decide", Class: "storey.Choice", Handler: "do", After: []string{"inner"}, OnError: "own", Responder: true},
	{Name: "own", Kind: "error_step", Handler: "fix", Before: []string{"note"}},
	{Name: "note", Handler: "note", After: []string{"decide"}},
	{Name: "bad", Kind: "error_step", Handler: "report"},
}}}

func TestText(t *testing.T) {
	want := `request -> clean; on error -> bad
clean (event['x']) -> queue
bad (report) -> answer
queue (mem://q) -> models
models (VotingEnsemble) -> inner
  - a (Model)
  - b (Model)
inner (flow) -> decide
  x (Map) -> y
  y (Map)
decide (Choice.do) -> note, answer; on error -> own
own (fix) -> note
note (note)
answer
`
	if diff := cmp.Diff(want, Text(example)); diff != "" {
		t.Error(diff)
	}
	router := &graph.Spec{Graph: &graph.StepSpec{Kind: "router", Routes: []*graph.StepSpec{{Name: "m", Key: "m:1", Class: "Model"}}}}
	if diff := cmp.Diff("request -> router\nrouter (ModelRouter)\n  - m:1 (Model)\n", Text(router)); diff != "" {
		t.Error(diff)
	}
	if got := Text(&graph.Spec{}); got != "" {
		t.Errorf("no graph is %q", got)
	}
}

func TestMermaid(t *testing.T) {
	got := Mermaid(example)
	for _, want := range []string{
		"flowchart LR\n", `n0(["request"])`, `n2[("queue<br/><small>mem://q</small>")]`, `n3{{"models<br/><small>VotingEnsemble</small>"}}`,
		"subgraph n6 [\"inner\"]\n    n7[\"x<br/><small>Map</small>\"]", "n3 --- n4\n", "n9 -. error .-> n10\n", "n0 -. error .-> n12\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestDot(t *testing.T) {
	got := Dot(example)
	for _, want := range []string{
		"digraph leat {\n", `n2 [label="queue\nmem://q", shape=cylinder, style=solid];`, "subgraph cluster_n6 {\n    label=\"inner\";",
		"n3 -> n7;\n", "n3 -> n4 [dir=none];\n", "n9 -> n10 [style=dashed, label=\"error\"];\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestHostileNames puts what has a meaning in each format into names.
func TestHostileNames(t *testing.T) {
	const name = "a\"b\\<c>&'d\n];#`" + "x"
	spec := &graph.Spec{Graph: &graph.StepSpec{Engine: "sync", Steps: []*graph.StepSpec{
		{Name: name, Handler: name}, {Name: strings.Repeat("é", 200), After: []string{name}},
	}}}
	dec := xml.NewDecoder(strings.NewReader(SVG(spec)))
	texts := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "text" {
			texts++
		}
	}
	if texts != 5 { // request, two lines, one line, answer
		t.Errorf("%d texts", texts)
	}
	for _, line := range strings.Split(Mermaid(spec), "\n") {
		if strings.Count(line, `"`)%2 != 0 || strings.ContainsAny(line, "`") {
			t.Errorf("mermaid: %s", line)
		}
	}
	if lines := strings.Count(Dot(spec), "\n"); lines != 11 {
		t.Errorf("%d lines of dot:\n%s", lines, Dot(spec))
	}
}

// TestSVGHoldsEveryBox keeps the boxes within the picture and off each other, and
// arrows from leading through them.
func TestSVGHoldsEveryBox(t *testing.T) {
	p := newPicture(example)
	at, lanes, width, height := p.layout()
	for i, a := range at {
		if a.x < 0 || a.y < 0 || a.x+a.w > width || a.y+boxHeight > height {
			t.Errorf("%s is outside", p.boxes[i].name)
		}
		for j, b := range at[:i] {
			if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+boxHeight && b.y < a.y+boxHeight {
				t.Errorf("%s lies on %s", p.boxes[i].name, p.boxes[j].name)
			}
		}
	}
	passing := 0
	for i, a := range p.arrows {
		for _, lane := range lanes[i] {
			passing++
			for j, b := range at {
				if lane.x < b.x+b.w && b.x < lane.x+lane.w && lane.y < b.y+boxHeight && b.y < lane.y+laneHeight {
					t.Errorf("the arrow from %s to %s leads through %s", p.boxes[a.from].name, p.boxes[a.to].name, p.boxes[j].name)
				}
			}
		}
	}
	if passing == 0 {
		t.Error("no arrow passes a box")
	}
}

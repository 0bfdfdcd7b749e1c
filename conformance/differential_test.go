package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// recordedPeers is what Triton and MLServer answered when make verify-differential
// was last run with RECORD=1.
const (
	recordedPeers   = "differential/answers.json"
	differencesPage = "../docs/protocol-compatibility.md"
)

// A peer is a server whose answers are compared with those of leat.
type peer struct {
	Name, Version string
	Answers       []outcome
}

// TestDifferential puts every case to leat, and to Triton and MLServer where
// LEAT_TRITON (the folder that nvidia-pytriton is installed to) and LEAT_MLSERVER
// (a Python that has MLServer) name them; else theirs are those that were recorded.
// The same models in Python are behind all of them. Where leat does as neither of
// the two, the case says why, and docs/protocol-compatibility.md has all of it.
func TestDifferential(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	if os.Getenv("LEAT_PYTHON_BIN") == "" {
		if _, err := os.Stat("../.venv/bin/python"); err != nil {
			t.Skip("there is no .venv with numpy; make setup makes it")
		}
		t.Setenv("LEAT_PYTHON_BIN", "../.venv/bin/python")
	}
	cases := slices.Concat(overJSON, overREST, inBytes, overRPC)
	peers := recordedOrAsked(t, cases)
	own := askedAll(t, cases, startLeat(t))
	if os.Getenv("LEAT_DIFFERENTIAL_RECORD") != "" {
		peers[2] = peer{Name: "leat", Answers: own}
		writeText(t, recordedPeers, recording(t, peers))
		writeText(t, differencesPage, differences(cases, peers))
	}
	var count agreement
	for i, c := range cases {
		leat, triton, mlserver := own[i], peers[0].Answers[i], peers[1].Answers[i]
		count.add(leat.same(triton), leat.same(mlserver))
		if alone := !leat.same(triton) && !leat.same(mlserver); alone != (c.why != "") {
			t.Errorf("%s: leat does as neither of the others is %v, and the reason is %q\n%-9s %s: %s\n%-9s %s: %s\n%-9s %s: %s", c.key(), alone, c.why,
				"leat", leat.Status, leat.Text, "Triton", triton.Status, triton.Text, "MLServer", mlserver.Status, mlserver.Text)
		}
		if before := peers[2].Answers[i]; !leat.same(before) { // what errors say may change
			t.Errorf("%s: leat answers %s: %s, and %s has %s: %s", c.key(), leat.Status, leat.Text, recordedPeers, before.Status, before.Text)
		}
	}
	if readText(t, differencesPage) != differences(cases, peers) {
		t.Errorf("%s does not tell what has been seen: make verify-differential RECORD=1 writes it anew", differencesPage)
	}
	t.Logf("Triton %s, MLServer %s: %d cases: leat does as both in %d, as Triton alone in %d, as MLServer alone in %d, as neither in %d",
		peers[0].Version, peers[1].Version, len(cases), count.both, count.triton, count.mlserver, count.neither)
}

// An agreement counts whom leat does as.
type agreement struct{ both, triton, mlserver, neither int }

func (a *agreement) add(triton, mlserver bool) {
	switch {
	case triton && mlserver:
		a.both++
	case triton:
		a.triton++
	case mlserver:
		a.mlserver++
	default:
		a.neither++
	}
}

// recordedOrAsked are the answers of the others.
func recordedOrAsked(t *testing.T, cases []compares) []peer {
	t.Helper()
	var peers []peer
	if text, err := os.ReadFile(recordedPeers); err == nil {
		if err := json.Unmarshal(text, &peers); err != nil {
			t.Fatal(err)
		}
	}
	peers = append(peers, make([]peer, max(0, 3-len(peers)))...)
	if at := os.Getenv("LEAT_TRITON"); at != "" {
		peers[0] = peer{"Triton", os.Getenv("LEAT_TRITON_VERSION"), askedAll(t, cases, startTriton(t, at))}
	}
	if at := os.Getenv("LEAT_MLSERVER"); at != "" {
		peers[1] = peer{"MLServer", os.Getenv("LEAT_MLSERVER_VERSION"), askedAll(t, cases, startMLServer(t, at))}
	}
	for i := range peers {
		if i < 2 || os.Getenv("LEAT_DIFFERENTIAL_RECORD") == "" {
			peers[i].Answers = inOrder(t, cases, peers[i])
		}
	}
	return peers
}

// inOrder are a peer's answers to the cases.
func inOrder(t *testing.T, cases []compares, p peer) []outcome {
	t.Helper()
	by := map[string]outcome{}
	for _, o := range p.Answers {
		by[o.Name] = o
	}
	all := make([]outcome, len(cases))
	for i, c := range cases {
		var known bool
		if all[i], known = by[c.key()]; !known {
			t.Fatalf("%s has no answer of %s to %q: make verify-differential RECORD=1", recordedPeers, p.Name, c.key())
		}
	}
	return all
}

func askedAll(t *testing.T, cases []compares, c *compared) []outcome {
	t.Helper()
	all := make([]outcome, len(cases))
	for i, one := range cases {
		all[i] = one.ask.ask(t, c)
		if all[i].broken() && c.gone(2*time.Second) {
			all[i].Status, all[i].Text = "the server crashes", ""
			c.restart()
		}
		all[i].Name = one.key()
	}
	return all
}

func recording(t *testing.T, peers []peer) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(peers); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// differences is the page for users.
func differences(cases []compares, all []peer) string {
	var b strings.Builder
	b.WriteString(strings.NewReplacer("TRITON", all[0].Version, "MLSERVER", all[1].Version).Replace(differencesHead))
	group := ""
	for i, c := range cases {
		if c.group != group {
			group = c.group
			b.WriteString("\n## " + group + "\n\n| case | Triton | MLServer | leat | why |\n|---|---|---|---|---|\n")
		}
		b.WriteString("| " + c.name)
		for _, p := range all {
			b.WriteString(" | " + cell(p.Answers[i]))
		}
		b.WriteString(" | " + c.why + " |\n")
	}
	return b.String()
}

// cell is an outcome in a table.
func cell(o outcome) string {
	text := strings.NewReplacer("|", "\\|", "`", "'").Replace(o.Text)
	if text == "" {
		return o.Status
	}
	return o.Status + " `" + text + "`"
}

const differencesHead = `# Compatibility with Triton and MLServer

What Triton TRITON, MLServer MLSERVER and leat answer to the same requests, with the
same models in Python behind all three. This page is written by a run
(` + "`make verify-differential RECORD=1`" + `), which installs and starts the others, and a test
compares leat with what was recorded. Of a success the outputs are shown, in one form
for all; of a failure what the server says, cut short. Where leat does as neither of
the others, the last column says why.
`

package expr

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

func parse(t testing.TB, doc string) any {
	t.Helper()
	v, err := oip.ParseValue([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustCompile(t testing.TB, text string) catalog.Func {
	t.Helper()
	f, err := Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSyntaxErrors wants the column of what is wrong, and words for it.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		text, want string
		column     int
	}{
		{"", "the expression ends too early: want a value", 1},
		{"(event + )", "want a value, not )", 10},
		{"(event", "( is not closed", 1},
		{"event)", ") closes nothing", 6},
		{"[1, 2", "[ is not closed", 1},
		{"{'a': 1", "{ is not closed", 1},
		{"{'a' 1}", "want : between key and value, not 1", 6},
		{"{1, 2}", "sets are not supported: write a list", 1},
		{"evnt + 1", "the name evnt is not defined (did you mean event or int?)", 1},
		{"'ö' + evnt", "the name evnt is not defined (did you mean event or int?)", 7},
		{"foo(1)", "the name foo is not defined", 1},
		{"event(1)", "event is no function", 6},
		{"(event)(1)", "only the functions and methods of the language can be called", 8},
		{"len + 1", "the function len is not called: write len(…)", 1},
		{"event.x", "there is no attribute x: a member of a dictionary is selected by ['x']", 7},
		{"event.uper()", "there is no method uper: did you mean upper?", 7},
		{"'{}'.format(event)", "there is no method format: use an f-string", 6},
		{"event.__class__", "there is no attribute __class__", 7},
		{"event.get", "the method get is not called", 7},
		{"event = 1", "an expression assigns nothing: compare with ==", 7},
		{"(a := 1)", "an expression assigns nothing", 4},
		{"event; 1", "there is one expression, without statements", 6},
		{"import os", "import does not belong here", 1},
		{"lambda x: x", "lambda is not supported", 1},
		{"yield 1", "yield does not belong here", 1},
		{"await event", "await does not belong here", 1},
		{"1 2", "an operator is missing before 2", 3},
		{"x for x in event", "an operator is missing before for", 3},
		{"(x for x in event)", "a generator stands only in the single argument of a call", 4},
		{"sum(x for x in event, 1)", "want ), not ,", 21},
		{"sum(1, x for x in event)", "for stands only in the single argument", 10},
		{"[x for in event]", "want a name behind for", 8},
		{"[x for x of event]", "want in behind the names", 10},
		{"[x for y in event]", "the name x is not defined", 2},
		{"event is 5", "is compares with None, True or False only", 7},
		{"event @ 2", "the operator @ is not supported", 7},
		{"event ? 1 : 2", "'?' means nothing here", 7},
		{"event # x", "comments are not supported", 7},
		{"'abc", "the string that begins here does not end", 1},
		{"b'abc'", "bytes are not supported", 1},
		{`'\N{DASH}'`, "is not supported: write the character itself", 2},
		{`'\x4'`, "wants 2 hexadecimal digits", 2},
		{`'\ud800'`, "wants 4 hexadecimal digits of a character", 2},
		{"99999999999999999999", "integers have 64 bits", 1},
		{"9223372036854775808 + 1", "", 0},
		{"1__0", "is no number", 1},
		{"0x", "is no number", 1},
		{"012", "an integer does not begin with 0", 1},
		{"2j", "complex numbers are not supported", 1},
		{"round(1, x=2)", "round() has no argument x", 1},
		{"max(default=1, default=2)", "the argument default is there twice", 16},
		{"sum(start=1, 2)", "arguments without a name come first", 14},
		{"max(*event)", "* in front of an argument is not supported", 5},
		{"*event", "* spreads only within", 1},
		{"event[]", "the index is missing", 6},
		{"event[1, 2]", "an index is one value: write [a][b]", 8},
		{"event[1:2:3:4]", "a slice has at most three parts", 12},
		{"1 if event", "the expression ends too early: want else of the if", 11},
		{"f'{event'", "{ is not closed in the f-string", 3},
		{"f'{}'", "the expression between { and } is missing", 4},
		{"f'}'", "a single } stands in an f-string", 3},
		{"f'{event!x}'", "want !r or !s", 9},
		{"f'{event=}'", "{x=} is not supported", 9},
		{"f'{event:{1}}'", "a format without expressions", 9},
		{"f'{event:#x}'", "the format #x is not supported", 10},
		{"f'{event:99999}'", "a width or precision is at most 1000", 10},
		{"f'{evnt}'", "the name evnt is not defined", 4},
		{strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), "nested more than 100 levels deep", 101},
		{strings.Repeat("-", 5000) + "1", "nested more than 100 levels deep", 0},
		{strings.Repeat("not ", 3000) + "1", "nested more than 100 levels deep", 0},
		{strings.Repeat("1 if 1 else ", 1000) + "1", "nested more than 100 levels deep", 0},
		{strings.Repeat("f'{", 50) + "1", "", 0},
		{"1" + strings.Repeat("+1", 10000), "longer than 16384 bytes", 0},
	} {
		_, err := Compile(c.text)
		if c.want == "" { // whatever it is, it ends
			continue
		}
		var s *SyntaxError
		if !errors.As(err, &s) {
			t.Errorf("%.60s: %v, want a syntax error", c.text, err)
			continue
		}
		if !strings.Contains(s.Msg, c.want) || c.column > 0 && s.Column != c.column {
			t.Errorf("%.60s: column %d: %s\n\twant column %d: %s", c.text, s.Column, s.Msg, c.column, c.want)
		}
	}
}

// TestErrors wants what went wrong in both contracts.
func TestErrors(t *testing.T) {
	f := mustCompile(t, "(event['nope'])")
	_, err := f(context.Background(), parse(t, `{"x": 1}`))
	if got, want := err.Error(), "expression (event['nope']): column 7: KeyError: 'nope'"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := serve.Classic(err), "KeyError: 'nope'"; got != want {
		t.Errorf("MLRun's contract: got %s, want %s", got, want)
	}
	if c := serve.CodeOf(err); c != serve.BadRequest {
		t.Errorf("the code is %d", c)
	}
	_, err = mustCompile(t, "'a' * 10 ** 9")(context.Background(), nil)
	if c := serve.CodeOf(err); c != serve.Internal || !strings.Contains(serve.Classic(err), "MemoryError") {
		t.Errorf("over the limit: code %d, %v", c, err)
	}
}

// TestResults wants values as bodies have them.
func TestResults(t *testing.T) {
	event := parse(t, `{"x": 7, "inputs": [[1, 2], [3, 4]], "mixed": [[1, 2.5], [3.0, 4]], "big": 12345678901234567890}`)
	for _, c := range []struct{ text, want string }{
		{"event['x'] + 1", "8"},
		{"event['x'] / 14", "0.5"},
		{"(1, 'a', None)", `[1,"a",null]`},
		{"{1: 'a', None: (2,), True: 3.5, 2.5: []}", `{"1":3.5,"null":[2],"2.5":[]}`},
		{"{1: 'a', '1': 'b'}", `{"1":"b"}`},
		{"{**event, 'x': [event['x']]}", `{"x":[7],"inputs":[[1, 2], [3, 4]],"mixed":[[1, 2.5], [3.0, 4]],"big":12345678901234567890}`},
		{"event['inputs']", "[[1, 2], [3, 4]]"},
		{"event['inputs'][1]", "[3,4]"},
		{"event['inputs'][1:]", "[[3,4]]"},
		{"event['inputs'][5:]", "[]"},
		{"event['mixed'][1]", "[3,4]"},
		{"event['mixed'][:]", "[[1, 2.5], [3.0, 4]]"},
		{"[event['inputs'][0], event['mixed'][0][1]]", "[[1,2],2.5]"},
		{"event['big']", "12345678901234567890"},
		{"event['big'] == event['big'] and event['big'] > 1e19", "true"},
		{"str(event['big'])", `"12345678901234567890"`},
		{"int('7') // 2", "3"},
		{"{'inputs': [[x * 2 for x in row] for row in event['inputs']]}", `{"inputs":[[2,4],[6,8]]}`},
	} {
		got, err := mustCompile(t, c.text)(context.Background(), event)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		text, err := oip.AppendValue(nil, got)
		if err != nil || string(text) != c.want {
			t.Errorf("%s is %s (%v), want %s", c.text, text, err, c.want)
		}
	}
	got, err := mustCompile(t, "event['inputs'][1]")(context.Background(), event)
	if x, ok := got.(*serve.Tensor); !ok || x.Datatype != serve.Int64 || err != nil {
		t.Errorf("a row is %T, want a tensor of INT64 (%v)", got, err)
	}
}

// TestGoValues are what steps written in Go return.
func TestGoValues(t *testing.T) {
	event := map[string]any{
		"i": 3, "u": uint64(1 << 63), "f": float32(0.5), "list": []float64{1, 2}, "ints": []int{4, 5},
		"rows": [][]float64{{1}, {2}}, "names": []string{"a", "b"}, "m": map[string]any{"k": int32(9)}, "raw": []byte("text"),
		"u8": uint8(7), "s": serve.NewTensor("", []int32{6}, []int{}...),
	}
	for _, c := range []struct {
		text string
		want any
	}{
		{"event['i'] + 1", int64(4)}, {"event['u'] > 5", true}, {"event['f'] * 2", 1.0}, {"sum(event['list'])", 3.0},
		{"event['ints'][1]", int64(5)}, {"event['rows'][1][0]", 2.0}, {"event['names'][-1]", "b"}, {"'a' in event['names']", true},
		{"event['m']['k']", int64(9)}, {"event['raw'].upper()", "TEXT"}, {"len(event)", int64(11)}, {"sorted(event)[0]", "f"}, {"event['u8']", int64(7)},
	} {
		got, err := mustCompile(t, c.text)(context.Background(), event)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s (%v) (-want +got):\n%s", c.text, err, d)
		}
	}
	type opaque struct{ Secret string }
	for _, text := range []string{"event['Secret']", "event.upper()", "len(event)", "event + 1", "str(event)", "[x for x in event]", "event < event", "event.id"} {
		if v, err := mustCompile(t, text)(context.Background(), &opaque{"x"}); err == nil {
			t.Errorf("%s of a foreign value is %v", text, v)
		}
	}
}

func TestVars(t *testing.T) {
	f, err := CompileVars("endpoint + event['url'] + context.get_param('q', '') + context.project", "event", "endpoint", "context")
	if err != nil {
		t.Fatal(err)
	}
	env := &catalog.Env{Project: "p", Params: map[string]any{"q": "?a="}}
	got, err := f(context.Background(), parse(t, `{"url": "/dog"}`), "http://host", env)
	if got != "http://host/dog?a=p" || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := f(context.Background(), 1); err == nil {
		t.Error("too few values, and no error")
	}
	f, err = CompileVars("[a + b + c + d + e for e in f]", "a", "b", "c", "d", "f")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f(context.Background(), 1, 2, 3, 4, []any{int64(5)}); !cmp.Equal(got, []any{int64(15)}) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"event", "context.project"} {
		if _, err := CompileVars(text, "endpoint"); err == nil {
			t.Errorf("%s: no error, though there is only endpoint", text)
		}
	}
}

func TestRegister(t *testing.T) {
	var set catalog.Set
	Register(&set)
	f, err := set.Clone().Func("(event + 1)")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f(context.Background(), int64(5)); got != int64(6) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if set.CompileVars == nil {
		t.Error("there are no expressions over variables")
	}
}

// TestEvent is for steps with full_event.
func TestEvent(t *testing.T) {
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/a/b"}, []byte(`{"key": 77}`))
	ev.ID, ev.Header = "id-1", serve.Header{"Content-Type": {"application/json"}, "X-A": {"1", "2"}}
	ev.Trigger.Kind = "http"
	for _, c := range []struct {
		text string
		want any
	}{
		{"event.id", "id-1"}, {"event.body['key']", int64(77)}, {"event.path", "/a/b"}, {"event.method", "POST"},
		{"event.headers['X-A']", "1"}, {"event.headers.get('X-B')", nil}, {"event.content_type", "application/json"}, {"event.trigger_kind", "http"},
	} {
		got, err := mustCompile(t, c.text)(context.Background(), ev)
		if got != c.want || err != nil {
			t.Errorf("%s is %v (%v), want %v", c.text, got, err, c.want)
		}
	}
	if _, err := mustCompile(t, "event['id']")(context.Background(), ev); err == nil {
		t.Error("an event has items")
	}
}

// TestLimits wants an error, soon and without much memory, from whatever takes
// more than one evaluation may.
func TestLimits(t *testing.T) {
	event := serve.NewTensor("", make([]int64, 100_000))
	for _, text := range []string{
		"'a' * 10 ** 9", "'a' * 10 ** 18", "[0] * 10 ** 9", "[[]] * 10 ** 12", "(1,) * 10 ** 10", "list(range(10 ** 12))", "list(range(-10 ** 18, 10 ** 18))",
		"[event == event for a in event]", "[str(event) for a in event]",
		"['a' * 10 ** 6 for i in range(10 ** 6)]", "'ab'.replace('', 'c' * 10 ** 7) * 100",
		"[x in event for x in event]", "','.join(['a' * 1000] * 10 ** 6)", "('a' * 10 ** 7).split('a')", "'x'.zfill(10 ** 12)", "[sorted(event) for x in event]",
		"''.join(f'{x:1000}' for x in event)", "{i: i for i in range(10 ** 9)}", "('a' * 2 * 10 ** 7).replace('a', 'b' * 10 ** 7)",
	} {
		before := time.Now()
		_, err := mustCompile(t, text)(context.Background(), event)
		if err == nil || !strings.Contains(err.Error(), "MemoryError") {
			t.Errorf("%s: %v, want a MemoryError", text, err)
		}
		t.Logf("%s: %v", text, time.Since(before))
	}
}

// TestContext wants a long evaluation to end with its context.
func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := mustCompile(t, "sum(i * j for i in range(1000) for j in range(1000))")(ctx, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// TestImmutable wants the event as it was, whatever is made of it.
func TestImmutable(t *testing.T) {
	const doc = `{"l": [3, 1, 2], "m": ["b", "a"], "d": {"k": 1}}`
	event := parse(t, doc)
	for _, text := range []string{
		"sorted(event['l'])", "sorted(event['m'])", "list(reversed(event['m']))", "event | {'l': 1}", "{**event, 'd': 2}", "dict(event, l=0)",
		"event['m'][0:1] + ['z']", "[*event['m'], 'q']", "event['m'] * 2", "event['m'][:1] * 3",
	} {
		if _, err := mustCompile(t, text)(context.Background(), event); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d := cmp.Diff(parse(t, doc).(*serve.Object).Fields()[1].Value, event.(*serve.Object).Fields()[1].Value); d != "" {
			t.Fatalf("%s changed its event:\n%s", text, d)
		}
		if text, _ := oip.AppendValue(nil, event); string(text) != doc {
			t.Fatalf("%s changed its event", text)
		}
	}
}

// TestMixedTensors reads elements of large arrays of integers and fractions.
func TestMixedTensors(t *testing.T) {
	doc := "[" + strings.Repeat("1, 2.5, ", 50_000) + "3]"
	got, err := mustCompile(t, "sum(event[i] for i in range(len(event))) == sum(event)")(context.Background(), parse(t, doc))
	if got != true || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

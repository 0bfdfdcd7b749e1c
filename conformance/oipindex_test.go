package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A statement is one of the checklist of the Open Inference Protocol: what it says,
// where no row of a test's table does, and the tests that show it, or why it is not so.
// A test is "folder TestName", or "folder TestName: part" with a part of its text that is
// there for the statement.
type statement struct {
	n        int
	says     string
	tests    []string
	declined string
}

// by is a statement that tests show.
func by(n int, says string, tests ...string) statement {
	return statement{n: n, says: says, tests: tests}
}

// rows are statements of a table that one of the tests of this folder goes through, a row
// a statement; more are other tests that show some of them.
func rows(first, last int, test string, more map[int][]string) []statement {
	var all []statement
	for n := first; n <= last; n++ {
		all = append(all, by(n, "", append([]string{"conformance " + test}, more[n]...)...))
	}
	return all
}

const (
	inRest   = "internal/transport/rest "
	inRPC    = "internal/transport/grpc "
	inServer = "internal/server "
	inRepo   = "internal/repo "
	inHere   = "conformance "
)

// tabled are what the tests that go through a table have shown, by statement.
func tabled() map[string]map[int]string {
	all := map[string]map[int]string{"TestOIPChecklist": {}, "TestBinaryChecklist": {}, "TestExtensionsChecklist": {}, "TestV1Checklist": {}, "TestRPCChecklist": {}}
	for test, table := range map[string][]callRow{"TestOIPChecklist": checklist, "TestBinaryChecklist": binaryRows, "TestExtensionsChecklist": extensionRows, "TestV1Checklist": v1Rows} {
		for _, row := range table {
			if len(row.calls) > 0 {
				all[test][row.n] = row.statement
			}
		}
	}
	for _, row := range rpcChecklist {
		if row.check != nil {
			all["TestRPCChecklist"][row.n] = row.statement
		}
	}
	return all
}

// everyStatement is the whole checklist, in its order.
var everyStatement = slices.Concat(
	rows(1, 2, "TestOIPChecklist", map[int][]string{2: {inServer + `TestFront: "/v2/health/ready", ` + "`" + `{"ready":true}`}}),
	[]statement{by(3, "readiness turns at shutdown, before connections drop", inHere+"TestReadyAtShutdown")},
	rows(4, 58, "TestOIPChecklist", map[int][]string{
		13: {inServer + `TestExtensions: "/v2/models/w/infer", inference, 503, "not ready"`, inServer + `TestExtensions: "/v2/models/w/ready", "", 408`},
		17: {inRest + `TestErrorsAreJSON: "/413"`, inRest + "TestErrorsAreJSON: panicking", inRest + "TestMalformed: a large header"},
		56: {inHere + "TestShapesAllocateNothing"},
	}),
	[]statement{
		by(59, "a body over the limit is 413, also when it is so once decompressed", inRest+"TestBodyLimits: over the limit", inRest+"TestBodyLimits: gzip bomb"),
		by(60, "requests are gzip or deflate; another encoding is 415 with Accept-Encoding", inRest+`TestRequestCodings: "deflate", "deflate"`, inRest+"TestRequestCodings: status == 415"),
		by(61, "answers are compressed for who accepts it, and for nobody else", inRest+"TestAnswerCodings: not asked for", inRest+`TestAnswerCodings: {"deflate"`),
		by(62, "a body in chunks is the same as one of a length", inRest+`TestRequestsOnTheWire: {"chunked"`),
		by(63, "a client that goes away cancels the work", inRest+"TestDisconnect"),
		by(64, "a request whose timeout passes in the queue fails", "schedule TestQueuePolicies: the request's time"),
		by(65, "a full queue is 503", "schedule TestFullQueue"),
	},
	rows(66, 71, "TestBinaryChecklist", nil),
	[]statement{
		by(72, "binary_data of an output, and binary_data_output where it has none", inHere+"TestBinaryAnswers: {72, "),
		by(73, "binary_data false is stronger than binary_data_output", inHere+"TestBinaryAnswers: {73, "),
		by(74, "the header of an answer is the length of its JSON, and the sizes sum up to the rest", inHere+"TestBinaryAnswers: {74, "),
		by(75, "outputs without a byte are answered as JSON, which tritonclient reads", inHere+"TestBinaryAnswers: {75, "),
	},
	rows(76, 76, "TestBinaryChecklist", nil),
	[]statement{by(77, "FP16 and BF16 come back with the same bits", inHere+`TestBinaryAnswers: {77, "half"`, inHere+`TestBinaryAnswers: "BF16"`)},
	rows(78, 78, "TestBinaryChecklist", nil),
	[]statement{
		by(79, "compressed bytes work both ways", inHere+"TestBinaryCompressed"),
		by(80, "the index with no body, {} and ready; a ready that is no boolean is 400", inServer+`TestExtensions: {"ready":1}`),
		by(81, "an item of the index has name, state and version", inServer+`TestExtensions: "version":"1","state":"READY"`),
		by(82, "a load makes ready; a reload swaps, and no request fails", inServer+"TestExtensions: in the place of what serves", inRepo+"TestNoRequestFails"),
		by(83, "a load of an unknown or a bad model is an error, and others go on", inServer+"TestExtensions: models/nobody/load", inRepo+"TestLoadAndUnload: a reload that fails"),
		by(84, "a load with a config; files without one fail", inServer+"TestExtensions: needs the parameter config", inRepo+"TestLoadWith"),
		by(85, "an unload of an unknown model is 404", inServer+"TestExtensions: models/nobody/unload"),
		by(86, "names with .., / or nothing in them are refused; a part of 256 characters is survived", inServer+"TestExtensions: ..%2Fm/load", inServer+`TestExtensions: at most 255 bytes`, inRepo+"TestFileNames"),
		by(87, "requests inside finish before a model is unloaded", inRepo+"TestUnloadWaits"),
		by(88, "statistics of all, of a model, of a version", inServer+"TestExtensions: /v2/models/stats", inServer+"TestExtensions: /v2/models/w/stats", inServer+"TestExtensions: versions/1/stats"),
		by(89, "64 rows together add 64 to inference_count and 1 to execution_count", "internal/telemetry TestStatistics: Batch(64", inServer+`TestExtensions: "inference_count":3,"execution_count":1`),
		by(90, "failures move fail alone; durations never shrink", inServer+"TestStatisticsGrow"),
		by(91, "batch_stats go by the size that was executed", inServer+`TestExtensions: "batch_size":3`, "internal/telemetry TestStatistics: []BatchCount"),
		by(92, "a change of logging changes what it names, and all settings are answered", inServer+"TestSettings: log_verbose_level", inServer+"TestSettingsRPC: LogSettings"),
		by(93, "null clears a setting of traces; files are refused; TENSORS are declined, 501 with the reason", inServer+`TestSettings: {"trace_rate":null`, inServer+"TestSettings: trace_file cannot be changed", inServer+"TestSettings: TENSORS", inServer+"TestTraceSettingHTTP"),
	},
	rows(94, 96, "TestExtensionsChecklist", nil),
	rows(97, 97, "TestBinaryChecklist", nil),
	[]statement{
		by(98, "generate answers with one JSON, scalars unwrapped, the id echoed", inHere+`TestGenerateChecklist: {98, "id"`, inHere+`TestGenerateChecklist: {98, "a list of one"`),
		by(99, "events: the content type, data and a blank line; an error after the start is in band at 200", inHere+`TestGenerateChecklist: {99, "events"`, inHere+`TestGenerateChecklist: {99, "failure behind an event"`),
		by(100, "wrong types and keys that are there twice are 400", inHere+`TestGenerateChecklist: {100, "number for text"`, inHere+`TestGenerateChecklist: {100, "a key twice"`),
		by(101, "MLServer's codecs come back: np, str, base64, datetime, pd", inHere+"TestMLServerCodecs: datetime", "v2 TestDataFrames", "runtime/python TestWorkerSuite"),
		by(102, "a document for each model; of an unknown one 404", inServer+"TestDocuments: /v2/models/w", inServer+"TestDocsPages: models/nobody/docs/dataplane.json"),
	},
	rows(103, 105, "TestV1Checklist", nil),
	[]statement{
		by(106, "cloud events in the header or in a document are answered in the same form", inHere+`TestCloudEvents: "binary", head`, inHere+`TestCloudEvents: "structured", structured`),
		{n: 107, says: "a logger emits a pair of cloud events with one id, also for batched requests",
			declined: "requests and answers are [recorded](records.md) on streams, one record with both under one id, batched or not, and not sent as pairs of cloud events"},
		by(108, "the four kinds of nodes of KServe's graphs, hard and soft", "examples/inferencegraph TestInferenceGraphs: splitter"),
	},
	rows(109, 124, "TestRPCChecklist", map[int][]string{
		115: {inRPC + "TestTypedContents"}, 118: {inRPC + "TestParameters"}, 123: {inRPC + "TestHealth: HealthCheckResponse_SERVING"},
		124: {inRPC + "TestRepository", inRPC + "TestWireOfKServe"},
	}),
	[]statement{
		by(125, "deadlines and cancellation reach the model", inHere+"TestRPCDeadline", inRPC+"TestDeadline", inRPC+"TestCanceled", inRPC+"TestStreamCanceled"),
		by(126, "REST and gRPC answer one input with the same bits", inHere+"TestRPCAgrees", inHere+"TestRPCAgreesInBytes"),
	},
)

const (
	statements    = 126
	checklistPage = "../docs/protocol-checklist.md"
)

// TestEveryStatement wants each statement of the checklist once and in order, shown by
// tests that are there and, where it is a row, by the row; or declined with a reason. The
// page for users has all of them; LEAT_CHECKLIST_RECORD=1 writes it anew.
func TestEveryStatement(t *testing.T) {
	if len(everyStatement) != statements {
		t.Errorf("there are %d statements of %d", len(everyStatement), statements)
	}
	tables, page := tabled(), strings.Builder{}
	page.WriteString(checklistHead)
	for i, s := range everyStatement {
		if s.n != i+1 {
			t.Fatalf("statement %d stands where %d should", s.n, i+1)
		}
		if (s.declined == "") == (len(s.tests) == 0) {
			t.Errorf("statement %d is neither shown nor declined, or both", s.n)
		}
		says, by := s.says, "declined: "+s.declined
		for _, test := range s.tests {
			folder, name := shows(t, s.n, test)
			if row, is := tables[name][s.n]; folder == "conformance" && tables[name] != nil {
				if !is {
					t.Errorf("statement %d: %s has no such row", s.n, name)
				}
				says = row
				delete(tables[name], s.n)
			}
			if by = strings.TrimPrefix(by, "declined: "); !strings.Contains(by, "`"+name+"`") {
				by += ", `" + folder + "` `" + name + "`"
			}
		}
		fmt.Fprintf(&page, "| %d | %s | %s |\n", s.n, says, strings.TrimPrefix(by, ", "))
	}
	for test, left := range tables {
		for n := range left {
			t.Errorf("row %d of %s is no statement of the checklist", n, test)
		}
	}
	if os.Getenv("LEAT_CHECKLIST_RECORD") != "" {
		writeText(t, checklistPage, page.String())
	}
	if readText(t, checklistPage) != page.String() {
		t.Errorf("%s has other statements: LEAT_CHECKLIST_RECORD=1 writes it anew", checklistPage)
	}
}

const checklistHead = `# The checklist of the Open Inference Protocol

What a server of the protocol and of its dialects has to do, collected from the
specification, from Triton's, KServe's and MLServer's documents and tests, and from what
they were seen to do: a row a statement. Where the sources leave a choice the row says what
was chosen. Each is shown by tests, which ` + "`conformance/oipindex_test.go`" + ` has with this page.

| | statement | shown by |
|---|---|---|
`

var testName = regexp.MustCompile(`^(\S+) (Test\w+)(?:: (.+))?$`)

// shows looks for a test, and for the part of it that is for a statement.
func shows(t *testing.T, n int, test string) (folder, name string) {
	t.Helper()
	m := testName.FindStringSubmatch(test)
	if m == nil {
		t.Fatalf("statement %d: %q names no test", n, test)
	}
	files, err := filepath.Glob(filepath.Join("..", m[1], "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		_, body, found := strings.Cut(readText(t, file), "\nfunc "+m[2]+"(t *testing.T) {")
		if !found {
			continue
		}
		if body, _, _ = strings.Cut(body, "\n}\n"); !strings.Contains(body, m[3]) {
			t.Errorf("statement %d: %s has no %s any more", n, m[2], m[3])
		}
		return m[1], m[2]
	}
	t.Errorf("statement %d: there is no %s in %s", n, m[2], m[1])
	return m[1], m[2]
}

package conformance

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// A statement is one of the checklist of the Open Inference Protocol, with the
// tests that show it, as "folder TestName", or why it is not so.
type statement struct {
	n        int
	tests    []string
	declined string
}

// by is a statement that tests of this folder, or of the one before each, show.
func by(n int, tests ...string) statement { return statement{n: n, tests: tests} }

// from are statements that one test shows, a row a statement.
func from(first, last int, test string) []statement {
	var all []statement
	for n := first; n <= last; n++ {
		all = append(all, by(n, test))
	}
	return all
}

const (
	inRest   = "internal/transport/rest "
	inServer = "internal/server "
	inRepo   = "internal/repo "
)

// everyStatement is the whole checklist. What statements of it say is in the rows of
// the tests; what is chosen where the sources leave a choice is in docs/protocol.md.
var everyStatement = [][]statement{
	from(1, 58, "conformance TestOIPChecklist"),
	{by(3, "conformance TestReadyAtShutdown"), by(17, inRest+"TestErrorsAreJSON")},
	{by(59, inRest+"TestBodyLimits"), by(60, inRest+"TestRequestCodings"), by(61, inRest+"TestAnswerCodings"),
		by(62, inRest+"TestRequestsOnTheWire"), by(63, inRest+"TestDisconnect"), by(64, "schedule TestQueuePolicies"), by(65, "schedule TestFullQueue")},
	from(66, 71, "conformance TestBinaryChecklist"),
	from(72, 75, "conformance TestBinaryAnswers"),
	{by(76, "conformance TestBinaryChecklist"), by(77, "conformance TestBinaryAnswers"), by(78, "conformance TestBinaryChecklist"), by(79, "conformance TestBinaryCompressed")},
	{by(80, inServer+"TestExtensions"), by(81, inServer+"TestExtensions"), by(82, inServer+"TestExtensions", inRepo+"TestNoRequestFails"),
		by(83, inRepo+"TestLoadAndUnload"), by(84, inServer+"TestExtensions", inRepo+"TestLoadWith"), by(85, inServer+"TestExtensions"),
		by(86, inServer+"TestExtensions", inRepo+"TestFileNames"), by(87, inRepo+"TestUnloadWaits")},
	{by(88, inServer+"TestExtensions"), by(89, "internal/telemetry TestStatistics"), by(90, inServer+"TestExtensions"), by(91, inServer+"TestExtensions", "internal/telemetry TestStatistics")},
	{by(92, inServer+"TestSettings", inServer+"TestSettingsRPC"), by(93, inServer+"TestSettings", inServer+"TestSettingsRPC", inServer+"TestTraceSettingHTTP")},
	from(94, 96, "conformance TestExtensionsChecklist"),
	{by(97, "conformance TestBinaryChecklist")},
	from(98, 100, "conformance TestGenerateChecklist"),
	{by(101, "conformance TestMLServerCodecs", "v2 TestDataFrames", "runtime/python TestWorkerSuite"), by(102, inServer+"TestDocuments", inServer+"TestDocsPages")},
	from(103, 105, "conformance TestV1Checklist"),
	{by(106, "conformance TestCloudEvents"), {n: 107, declined: "requests and answers are recorded on streams, one record with both under one id (docs/records.md), and not sent as pairs of cloud events"}},
	{by(108, "examples/inferencegraph TestInferenceGraphs")},
	from(109, 124, "conformance TestRPCChecklist"),
	{by(125, "conformance TestRPCDeadline"), by(126, "conformance TestRPCAgrees")},
}

const statements = 126

// TestEveryStatement wants each statement of the checklist to be shown by tests that
// are there, or declined with a reason that the page of the protocol has too.
func TestEveryStatement(t *testing.T) {
	page, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	seen := map[int]bool{}
	for _, group := range everyStatement {
		for _, s := range group {
			seen[s.n] = true
			if (s.declined == "") == (len(s.tests) == 0) {
				t.Errorf("statement %d is neither shown nor declined, or both", s.n)
			}
			if s.declined != "" && !regexp.MustCompile(`(?m)^\| `+strconv.Itoa(s.n)+` \|`).Match(page) {
				t.Errorf("statement %d is declined, and docs/protocol.md does not say so", s.n)
			}
			for _, test := range s.tests {
				tests[test] = true
			}
		}
	}
	for n := 1; n <= statements; n++ {
		if !seen[n] {
			t.Errorf("statement %d is not there", n)
		}
	}
	for test := range tests {
		if !hasTest(t, test) {
			t.Errorf("there is no test %s", test)
		}
	}
}

var testName = regexp.MustCompile(`^(\S+) (Test\w+)$`)

func hasTest(t *testing.T, test string) bool {
	t.Helper()
	m := testName.FindStringSubmatch(test)
	if m == nil {
		t.Fatalf("%q names no test", test)
	}
	files, err := filepath.Glob(filepath.Join("..", m[1], "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	is := regexp.MustCompile(`(?m)^func ` + m[2] + `\(t \*testing\.T\)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if is.Match(text) {
			return true
		}
	}
	return false
}

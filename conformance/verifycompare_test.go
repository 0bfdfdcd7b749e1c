package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

func place(name string, request int) string { return fmt.Sprintf("%s %d", name, request+1) }

// compareBuilds is for a spec that MLRun, or this server, refuses. The words have
// to be the same where they are MLRun's own, and not what Python happened to say.
func compareBuilds(v verified, problems string) comparison {
	c := comparison{place: v.Name + " build", mlrun: "runs", got: "runs"}
	if v.BuildError != nil {
		c.mlrun = "refuses: " + *v.BuildError
	}
	if problems != "" {
		c.got = "refuses: " + problems
	}
	if v.BuildError != nil && problems != "" {
		class, text, _ := strings.Cut(*v.BuildError, ": ")
		c.same = class != "GraphError" || strings.Contains(problems, strings.TrimSpace(text))
	}
	return c
}

func compareAnswers(place string, want mlrunAnswer, got answer) comparison {
	if unordered.MatchString(place) {
		want.Body, got.body = sorted(want.Body), []byte(sorted(string(got.body)))
	}
	c := comparison{place: place, got: shown(got.status, got.contentType, string(got.body))}
	switch {
	case want.Hangs:
		c.mlrun = "never answers"
	case want.Raised != "":
		c.mlrun = "500, uncaught " + want.Raised
		c.same = got.status == 500
	default:
		c.mlrun = shown(want.Status, want.ContentType, want.Body)
		c.same = want.Status == got.status && sameBody(want.Body, string(got.body)) && media(want.ContentType) == media(got.contentType)
	}
	return c
}

// unordered are the specs whose answers MLRun gives in another order of keys now
// and then: that of threads, or of a Python set.
var unordered = regexp.MustCompile("^(parallel_|metadata_from_artifact )")

func media(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(kind)
}

// shown is an answer in a line; JSON is what most are.
func shown(status int, contentType, body string) string {
	kind := ""
	if m := media(contentType); m != "application/json" && m != "" {
		kind = strings.TrimPrefix(m, "text/plain")
		if status == 200 {
			kind = "text"
		}
		if kind != "" {
			kind += " "
		}
	}
	return fmt.Sprintf("%d %s%s", status, kind, compact(body))
}

// compact is JSON without spaces, as the list of differences shows it.
func compact(body string) string {
	var out bytes.Buffer
	if json.Compact(&out, []byte(body)) != nil {
		return body
	}
	return out.String()
}

// sameBody compares what the bodies say. Objects have their keys in the same
// order. Numbers are compared by value: JSON knows one kind, and 3.0 is 3. MLRun
// adds up floats in the order of threads, so the last digit is left alone.
func sameBody(a, b string) bool {
	if a == b {
		return true
	}
	x, y := tokens(a), tokens(b)
	if x == nil || len(x) != len(y) {
		return false
	}
	for i := range x {
		if !sameToken(x[i], y[i]) {
			return false
		}
	}
	return true
}

// sorted is a document with its keys in the order of the alphabet.
func sorted(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return body
	}
	out, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return string(out)
}

// tokens is nil where the body is not one JSON document.
func tokens(body string) []json.Token {
	if !json.Valid([]byte(body)) {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	var out []json.Token
	for {
		t, err := d.Token()
		if err != nil {
			return out
		}
		out = append(out, t)
	}
}

func sameToken(a, b json.Token) bool {
	x, isNumber := a.(json.Number)
	y, alsoNumber := b.(json.Number)
	if !isNumber || !alsoNumber || x == y {
		return a == b
	}
	f, err := strconv.ParseFloat(string(x), 64)
	g, alsoErr := strconv.ParseFloat(string(y), 64)
	return err == nil && alsoErr == nil && math.Abs(f-g) <= 1e-15*math.Abs(f)
}

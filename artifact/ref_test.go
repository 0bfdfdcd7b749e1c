package artifact

import (
	"strings"
	"testing"
)

func TestParseRef(t *testing.T) {
	for uri, want := range map[string]Ref{
		"store://models/p/m":                 {Kind: "models", Project: "p", Key: "m"},
		"store://p/m":                        {Kind: "artifacts", Project: "p", Key: "m"},
		"store://m":                          {Kind: "artifacts", Key: "m"},
		"store://models/m":                   {Kind: "models", Key: "m"},
		"store://artifacts/p/m:v1":           {Kind: "artifacts", Project: "p", Key: "m", Tag: "v1"},
		"store://models/p/m#3":               {Kind: "models", Project: "p", Key: "m", Iter: 3},
		"store://models/p/m#0":               {Kind: "models", Project: "p", Key: "m"},
		"store://models/p/m@1c9b-0a":         {Kind: "models", Project: "p", Key: "m", Tree: "1c9b-0a"},
		"store://models/p/m#3:v1.2@1c9b":     {Kind: "models", Project: "p", Key: "m", Iter: 3, Tag: "v1.2", Tree: "1c9b"},
		"STORE://models/p/m/":                {Kind: "models", Project: "p", Key: "m"},
		"store://models/p/größe 1_x.y":       {Kind: "models", Project: "p", Key: "größe 1_x.y"},
		"store://models/models":              {Kind: "models", Key: "models"},
		"store://artifacts/my-project-1/a=b": {Kind: "artifacts", Project: "my-project-1", Key: "a=b"},
	} {
		got, err := ParseRef(uri)
		if err != nil || got != want {
			t.Errorf("%s: %+v, error %v; want %+v", uri, got, err, want)
			continue
		}
		if again, err := ParseRef(got.String()); err != nil || again != got {
			t.Errorf("%s is written as %s, which is %+v, error %v", uri, got, again, err)
		}
	}
}

// TestBadRefs has each part of a URI wrong in turn, and some that are wrong as a whole.
func TestBadRefs(t *testing.T) {
	for uri, want := range map[string]string{
		"":                                                  "does not begin with store://",
		"store:/models/p/m":                                 "does not begin with store://",
		"s3://models/p/m":                                   "does not begin with store://",
		"store://":                                          "there is no key",
		"store:///":                                         "there is no key",
		"store://models":                                    "there is no key",
		"store://models/":                                   "there is no key",
		"store://models//m":                                 "the project is empty",
		"store://datasets/p/m":                              "datasets are no models",
		"store://feature-sets/p/m":                          "feature-sets are no models",
		"store://feature-vectors/p/m":                       "feature-vectors are no models",
		"store://model/p/m":                                 `the project "model/p" is not`,
		"store://models/P/m":                                `the project "P" is not`,
		"store://models/-p/m":                               `the project "-p" is not`,
		"store://models/p_q/m":                              `the project "p_q" is not`,
		"store://models/../m":                               `the project ".." is not`,
		"store://models/p/q/m":                              `the project "p/q" is not`,
		"store://models/p/#1":                               "there is no key",
		"store://models/p/:v1":                              "there is no key",
		"store://models/p/@t":                               "there is no key",
		"store://models/p/..":                               `the key ".." is not`,
		"store://models/p/a\\b":                             `the key "a\\b" is not`,
		"store://models/p/a\x00b":                           `the key "a\x00b" is not`,
		"store://models/p/a\xffb":                           "the key",
		"store://models/p/ a":                               "the key",
		"store://models/p/m#":                               `the iteration "" is no whole number`,
		"store://models/p/m#x":                              `the iteration "x" is no whole number`,
		"store://models/p/m#-1":                             `the iteration "-1" is no whole number`,
		"store://models/p/m#1.5":                            `the iteration "1.5" is no whole number`,
		"store://models/p/m#99999999999":                    `the iteration "99999999999" is no whole number`,
		"store://models/p/m#1#2":                            `the iteration "1#2" is no whole number`,
		"store://models/p/m:":                               "the tag behind the : is missing",
		"store://models/p/m:v 1":                            `the tag "v 1" is not`,
		"store://models/p/m:v1:v2":                          `the tag "v1:v2" is not`,
		"store://models/p/m:.v":                             `the tag ".v" is not`,
		"store://models/p/m:v#1":                            `the tag "v#1" is not`,
		"store://models/p/m@":                               "the tree behind the @ is missing",
		"store://models/p/m@a b":                            `the tree "a b" is not`,
		"store://models/p/m@t:v1":                           `the tree "t:v1" is not`,
		"store://models/p/m@a@b":                            `the tree "a@b" is not`,
		"store://models/" + strings.Repeat("p", 64) + "/m":  "the project",
		"store://models/p/" + strings.Repeat("k", 201):      "the key",
		"store://models/p/m:" + strings.Repeat("t", 64):     "the tag",
		"store://models/p/m@" + strings.Repeat("t", 129):    "the tree",
		"store://models/p/m@" + strings.Repeat("t", 100000): "more than 1024 characters",
	} {
		if r, err := ParseRef(uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v; want %s", uri, r, err, want)
		} else if len(err.Error()) > 300 {
			t.Errorf("%q: the error has %d characters", uri, len(err.Error()))
		}
	}
}

// FuzzRef: what can be read can be written and read again, and its parts are names
// of folders.
func FuzzRef(f *testing.F) {
	f.Add("store://models/p/m#3:v1@tree")
	f.Add("store://p/..:@#")
	f.Fuzz(func(t *testing.T, uri string) {
		r, err := ParseRef(uri)
		if err != nil {
			return
		}
		if again, err := ParseRef(r.String()); err != nil || again != r {
			t.Errorf("%q is %+v, written %q, again %+v, error %v", uri, r, r.String(), again, err)
		}
		for _, part := range []string{r.Project, r.Key, r.Tag, r.Tree} {
			if part == ".." || strings.ContainsAny(part, "/\\\x00") {
				t.Errorf("%q has the part %q", uri, part)
			}
		}
	})
}

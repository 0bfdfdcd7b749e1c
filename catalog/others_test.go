package catalog

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// users is code with one class and one function.
type users struct{}

func (users) Entry(name string) *Entry {
	if name != "Mine" && name != "Built" {
		return nil
	}
	return &Entry{Name: name, Doc: "theirs", New: func(Args) (serve.Step, error) { return nil, nil }}
}

func (users) Func(name string) Func {
	if name != "mine" && name != "built" {
		return nil
	}
	return func(context.Context, any) (any, error) { return "theirs", nil }
}

func (users) Classes() []string   { return []string{"Mine"} }
func (users) Functions() []string { return []string{"mine"} }

func TestOthersComeBehindWhatIsRegistered(t *testing.T) {
	set := &Set{Others: users{}}
	set.Add(Entry{Name: "Built", Doc: "ours", New: func(Args) (serve.Step, error) { return nil, nil }})
	set.AddFunc("built", func(context.Context, any) (any, error) { return "ours", nil })
	set = set.Clone()
	for class, doc := range map[string]string{"Built": "ours", "Mine": "theirs"} {
		if e := set.Lookup(class); e == nil || e.Doc != doc {
			t.Errorf("class %s is %+v, want %s", class, e, doc)
		}
	}
	if e := set.Lookup("None"); e != nil {
		t.Errorf("class None is %+v", e)
	}
	for name, want := range map[string]string{"built": "ours", "mine": "theirs"} {
		f, err := set.Func(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := f(t.Context(), nil); got != want {
			t.Errorf("function %s is %v, want %s", name, got, want)
		}
	}
	if _, err := set.Func("mime"); err == nil || !strings.Contains(err.Error(), "did you mean mine?") {
		t.Errorf("error %v", err)
	}
	if got := set.Names(); !slices.Equal(got, []string{"Built", "Mine"}) {
		t.Errorf("names %v", got)
	}
}

package v2

import (
	"testing"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// TestFeatureList lists features that the model file names and no artifact
// describes.
func TestFeatureList(t *testing.T) {
	described := serve.NewObject(serve.Field{Key: "name", Value: "c"}, serve.Field{Key: "stats", Value: int64(1)})
	list := featureList([]serve.Feature{{Name: "a", ValueType: "float"}, {Name: "b"}, {Name: "c", Fields: described}}, nil)
	got, err := oip.AppendValue(nil, list)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"name":"a","value_type":"float"},{"name":"b"},{"name":"c","stats":1}]`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

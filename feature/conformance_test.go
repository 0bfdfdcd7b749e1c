package feature_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/feature/featuretest"
)

func TestTableConformance(t *testing.T) {
	dir := t.TempDir()
	open := func(name, text string, entities ...string) func(testing.TB, ...string) feature.Source {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return func(t testing.TB, features ...string) feature.Source {
			s, err := feature.Open(path, feature.Options{Entities: entities, Features: features})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	featuretest.Run(t, featuretest.Harness{
		Customers: open("customers.csv", featuretest.CustomersCSV(), "id"),
		Readings:  open("readings.csv", featuretest.ReadingsCSV(), "country", "device"),
	})
}

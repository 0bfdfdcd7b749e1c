package repo

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/internal/repo/kserve"
	"github.com/leat-ml/leat/internal/repo/mlserver"
	"github.com/leat-ml/leat/internal/repo/triton"
)

var fence = regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")

// TestExamplesOfRepositories reads the settings that docs/repositories.md shows.
func TestExamplesOfRepositories(t *testing.T) {
	text, err := os.ReadFile("../../docs/repositories.md")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]int{}
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		var problems []graph.Problem
		switch block[1] {
		case "protobuf":
			_, problems = triton.Read([]byte(block[2]), "fraud")
		case "json":
			_, problems = mlserver.Read([]byte(block[2]), func(string) bool { return false })
		case "yaml":
			if strings.Contains(block[2], "apiVersion") {
				_, problems = kserve.Read("service.yaml", []byte(block[2]))
				break
			}
			block[1] = "model.yaml"
			_, problems = config.ParseModelConfig("model.yaml", []byte(block[2]), config.Options{})
		}
		if len(problems) > 0 {
			t.Errorf("%s: %v", block[2], problems)
		}
		read[block[1]]++
	}
	if read["protobuf"] == 0 || read["json"] == 0 || read["yaml"] == 0 || read["model.yaml"] == 0 {
		t.Errorf("found %v", read)
	}
}

package xgboost

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

func readLegacy(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile("../../testdata/legacy/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// Offsets in a file that begins with the magic word and is of the objective
// binary:logistic and the booster gbtree.
const (
	boosterAt = 4 + legacyLearnerSize + 8 + len("binary:logistic") + 8 + len("gbtree")
	treeAt    = boosterAt + legacyBoosterSize
	nodeAt    = treeAt + legacyTreeSize
)

func TestParseLegacyRefuses(t *testing.T) {
	good := readLegacy(t, "logistic-1.7.6.model")
	put := func(at int, v uint32) []byte {
		data := append([]byte{}, good...)
		binary.LittleEndian.PutUint32(data[at:], v)
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"learner cut":     {good[:100], "byte 0: the file ends 40 bytes too early"},
		"objective":       {put(4+legacyLearnerSize, 1<<30), "byte 144: a length of 1073741824, but at most 3"},
		"trees":           {put(boosterAt, 1<<31), "a length of 2147483648, but at most 15 fit"},
		"nodes":           {put(treeAt+4, 1<<20), "a length of 1048576, but at most"},
		"no nodes":        {put(treeAt+4, 0), "tree 0: it has no nodes"},
		"vector leaves":   {put(treeAt+20, 2), "tree 0 has vector leaves"},
		"child":           {put(nodeAt+4, 1000), "tree 0: node 0: left child 1000 is out of range"},
		"loop":            {put(nodeAt+4, 0), "tree 0: node 0: left child 0 is reached twice"},
		"feature":         {put(nodeAt+12, 6), "tree 0: node 0: feature 6 is out of range"},
		"base score":      {put(4, 0x40000000), "base_score 2 is not between 0 and 1"},
		"no base score":   {put(4, 0x7fc00000), "base_score \"NaN\" is not a number"},
		"features":        {put(8, 1<<31), "num_feature \"2147483648\" is not a number of things"},
		"trees cut":       {good[:nodeAt+30], "byte 333: a length of 4, but at most 0"},
		"attributes cut":  {good[:len(good)-1], "a length of"},
		"something added": {append(append([]byte{}, good...), 0), "1 bytes follow the end of the model"},
		"empty":           {nil, "the file ends 136 bytes too early"},
		"not base64":      {[]byte("bs64\t(("), "base64: illegal base64 data"},
	} {
		_, err := ParseLegacy(c.data, forest.Iterations{})
		if err == nil || !strings.HasPrefix(err.Error(), "xgboost model: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}

func FuzzParseLegacy(f *testing.F) {
	for _, name := range []string{
		"logistic-1.7.6.model", "early-0.90.model", "poisson-0.90.model", "dart-1.7.6.model", "linear-classes-0.90.model",
	} {
		f.Add(readLegacy(f, name))
	}
	fuzz(f, ParseLegacy)
}

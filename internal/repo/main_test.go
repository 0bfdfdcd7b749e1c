package repo

import (
	"testing"

	"github.com/leat-ml/leat/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

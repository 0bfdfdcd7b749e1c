package trees

import (
	"context"
	"fmt"
	"os"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Register adds the runtimes "xgboost", "lightgbm" and "catboost".
func Register(s *catalog.Set) {
	s.AddRuntime(catalog.RuntimeEntry{
		Name:    "xgboost",
		Classes: []string{"XGBoostModelServer", "mlrun.frameworks.xgboost.XGBoostModelServer"},
		Doc:     "XGBoost models saved as JSON or UBJ, or in the binary format of old releases",
		Suffix:  ".ubj",
		Detect:  detect(XGBoostJSON, XGBoostUBJ, XGBoostBinary, XGBoostDump),
		Runtime: Runtime{Platform: "xgboost"},
	})
	s.AddRuntime(catalog.RuntimeEntry{
		Name:    "lightgbm",
		Classes: []string{"LightGBMModelServer", "LGBMModelServer", "mlrun.frameworks.lgbm.LGBMModelServer"},
		Doc:     "LightGBM models saved as text",
		Suffix:  ".txt",
		Detect:  detect(LightGBMText, LightGBMJSON),
		Runtime: Runtime{Platform: "lightgbm"},
	})
	s.AddRuntime(catalog.RuntimeEntry{
		Name:    "catboost",
		Doc:     "CatBoost models of numeric features saved as JSON",
		Suffix:  ".cbm",
		Detect:  detect(CatBoostBinary, CatBoostJSON),
		Runtime: Runtime{Platform: "catboost"},
	})
}

func detect(formats ...Format) func(string, []byte) bool {
	return func(_ string, head []byte) bool {
		got := Sniff(head)
		for _, f := range formats {
			if f == got {
				return true
			}
		}
		return false
	}
}

// A Runtime loads tree models for the server. It takes every format that
// [Parse] takes; Platform is what its models call themselves.
type Runtime struct{ Platform string }

// Load reads the artifact's file. Parameters of the spec:
//
//   - "output" chooses what requests get that do not choose themselves;
//   - "iterations" is "best", as if not given: of an XGBoost model that stopped
//     early, the iterations up to the best one count, as they do for XGBoost's
//     scikit-learn classes; or "all", as for its Booster;
//   - "iteration_range", a list of two numbers, chooses the iterations from the
//     first number (0 is the first iteration) up to but without the second.
//
// The files of LightGBM and CatBoost models that stopped early end with the best
// iteration.
func (r Runtime) Load(_ context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	data, err := os.ReadFile(a.File)
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	of, err := iterationsOf(spec.Parameters)
	if err != nil {
		return nil, err
	}
	e, err := ParseIterations(data, of)
	if err != nil {
		return nil, err
	}
	m := &Model{ensemble: e, features: e.Info().Features, double: e.Info().Float64}
	if m.output, err = outputOf(spec.Parameters, Response); err != nil {
		return nil, err
	}
	if err := e.Offers(m.output); err != nil {
		return nil, err
	}
	m.description = describe(e, r.Platform, m.output)
	if err := m.declare(spec); err != nil {
		return nil, err
	}
	return m, nil
}

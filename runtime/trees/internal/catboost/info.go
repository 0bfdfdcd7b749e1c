package catboost

import (
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
	"github.com/leat-ml/leat/runtime/trees/internal/jsondoc"
)

// responses are the loss functions of CatBoost 1.2 and what its predict_proba,
// or, of regressions, its predict answers.
var responses = map[string]forest.Transform{
	"Logloss":             forest.Sigmoid,
	"CrossEntropy":        forest.Sigmoid,
	"Focal":               forest.Sigmoid,
	"MultiLogloss":        forest.Sigmoid,
	"MultiCrossEntropy":   forest.Sigmoid,
	"MultiClassOneVsAll":  forest.Sigmoid,
	"MultiClass":          forest.Softmax,
	"Poisson":             forest.Exp,
	"Tweedie":             forest.Exp,
	"RMSEWithUncertainty": forest.MeanVariance,

	"RMSE":                       forest.Identity,
	"MAE":                        forest.Identity,
	"MAPE":                       forest.Identity,
	"Quantile":                   forest.Identity,
	"MultiQuantile":              forest.Identity,
	"GroupQuantile":              forest.Identity,
	"LogLinQuantile":             forest.Identity,
	"Expectile":                  forest.Identity,
	"LogCosh":                    forest.Identity,
	"Lq":                         forest.Identity,
	"Huber":                      forest.Identity,
	"MultiRMSE":                  forest.Identity,
	"MultiRMSEWithMissingValues": forest.Identity,
	"SurvivalAft":                forest.Identity,
	"Cox":                        forest.Identity,
	"QueryRMSE":                  forest.Identity,
	"QuerySoftMax":               forest.Identity,
	"QueryCrossEntropy":          forest.Identity,
	"PairLogit":                  forest.Identity,
	"PairLogitPairwise":          forest.Identity,
	"YetiRank":                   forest.Identity,
	"YetiRankPairwise":           forest.Identity,
	"LambdaMart":                 forest.Identity,
	"StochasticFilter":           forest.Identity,
	"StochasticRank":             forest.Identity,
	"PythonUserDefinedPerObject": forest.Identity,
}

// readInfo reads model_info, of which only the loss function counts. In a sum of
// models it stands apart from other parameters, as a document in a string.
func (m *model) readInfo(d *jsondoc.Document) error {
	err := members(d, func(key string) error {
		switch key {
		case "params":
			return m.readParams(d)
		case "loss_function":
			return m.readLoss(d)
		}
		return d.Skip()
	})
	if err != nil {
		return fmt.Errorf("model_info: %w", err)
	}
	return nil
}

// readParams reads an object, or a document in a string.
func (m *model) readParams(d *jsondoc.Document) error {
	d, err := inner(d)
	if err != nil {
		return err
	}
	return members(d, func(key string) error {
		if key == "loss_function" {
			return m.readLoss(d)
		}
		return d.Skip()
	})
}

func (m *model) readLoss(d *jsondoc.Document) error {
	d, err := inner(d)
	if err != nil {
		return err
	}
	return members(d, func(key string) (err error) {
		if key == "type" {
			m.loss, err = d.Text()
			return err
		}
		return d.Skip()
	})
}

// inner is the document in a string, if one comes next, else d.
func inner(d *jsondoc.Document) (*jsondoc.Document, error) {
	if !d.Starts('"') {
		return d, nil
	}
	text, err := d.Text()
	return jsondoc.New([]byte(text)), err
}

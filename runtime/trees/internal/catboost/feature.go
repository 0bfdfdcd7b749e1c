package catboost

import (
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/jsondoc"
)

// A feature is a column of numbers.
type feature struct {
	column uint32
	nan    bool // missing values pass every test; else none
	name   string
}

// readFeatures reads features_info.
func (m *model) readFeatures(d *jsondoc.Document) error {
	err := members(d, func(key string) error {
		switch key {
		case "float_features":
			return d.Array(func() error { return m.readFeature(d) })
		case "categorical_features", "text_features", "embedding_features", "ctrs":
			return d.Array(func() error { return refuse(d, key) })
		}
		return d.Skip()
	})
	if err != nil {
		return fmt.Errorf("features_info: %w", err)
	}
	m.columns = len(m.features)
	return m.nameColumns()
}

func (m *model) readFeature(d *jsondoc.Document) error {
	f, number := feature{}, -1
	column := -1
	err := members(d, func(key string) (err error) {
		switch key {
		case "feature_index":
			number, err = integer(d)
		case "flat_feature_index":
			column, err = integer(d)
		case "feature_id":
			f.name, err = d.Text()
		case "nan_value_treatment":
			f.nan, err = treatment(d)
		default:
			err = d.Skip()
		}
		return err
	})
	if err == nil && number != len(m.features) {
		err = fmt.Errorf("feature_index is %d", number)
	}
	if err == nil && column != number {
		err = fmt.Errorf("flat_feature_index is %d, though all features are numbers", column)
	}
	if err != nil {
		return fmt.Errorf("feature %d: %w", len(m.features), err)
	}
	f.column = uint32(column)
	m.features = append(m.features, f)
	return nil
}

// treatment says whether missing values pass. "AsIs" is that of columns which had
// none in training: CatBoost lets them pass nothing.
func treatment(d *jsondoc.Document) (nan bool, err error) {
	text, err := d.Text()
	switch {
	case err != nil:
		return false, err
	case text == "AsTrue":
		return true, nil
	case text == "AsFalse" || text == "AsIs":
		return false, nil
	}
	return false, fmt.Errorf("nan_value_treatment %q is not known", text[:min(len(text), 40)])
}

// refuse names the feature that comes next.
func refuse(d *jsondoc.Document, kind string) error {
	name, number := "", -1
	err := members(d, func(key string) (err error) {
		switch key {
		case "feature_id":
			name, err = d.Text()
		case "flat_feature_index":
			number, err = integer(d)
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	what := map[string]string{
		"categorical_features": "categorical", "text_features": "text", "embedding_features": "embedding", "ctrs": "categorical",
	}[kind]
	return fmt.Errorf("%s features are not supported (column %d %q): make numbers of them before training", what, number, name)
}

// nameColumns takes the names if every feature has one.
func (m *model) nameColumns() error {
	names := make([]string, len(m.features))
	for i, f := range m.features {
		if f.name == "" {
			return nil
		}
		names[i] = f.name
	}
	m.names = names
	return nil
}

func integer(d *jsondoc.Document) (int, error) {
	v, err := d.Float64()
	if err != nil {
		return 0, err
	}
	if v != float64(int32(v)) {
		return 0, fmt.Errorf("%v is not a number of things", v)
	}
	return int(v), nil
}

package trees

import (
	"strings"
	"testing"
)

func TestSniff(t *testing.T) {
	oldBinary := strings.Repeat("\x00", 136) + "\x0f\x00\x00\x00\x00\x00\x00\x00binary:logistic"
	for _, c := range []struct {
		head string
		want Format
	}{
		{`{"learner":{"attributes":{}`, XGBoostJSON},
		{"\n{ \"version\": [2,0,3], \"learner\": {", XGBoostJSON},
		{"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{", XGBoostUBJ},
		{"{U\x07learner{", XGBoostUBJ},
		{"{i\x07learner{", XGBoostUBJ},
		{"tree\nversion=v4\n", LightGBMText},
		{"tree\r\nversion=v4\r\n", LightGBMText},
		{"binf\x00\x00\x00\x3f", XGBoostBinary},
		{"bs64\tAAAA", XGBoostBinary},
		{oldBinary, XGBoostBinary},
		{`[{ "nodeid": 0, "depth": 0, "split": "f1"`, XGBoostDump},
		{`{"name":"tree","version":"v4","num_class":1,"max_feature_idx":3,`, LightGBMJSON},
		{"CBM1\x00\x00", CatBoostBinary},
		{`{"features_info":{"float_features":[`, CatBoostJSON},
		{"", Unknown},
		{"{", Unknown},
		{"tree", Unknown},
		{"trees\n", Unknown},
		{`{"a": 1}`, Unknown},
		{`[1, 2]`, Unknown},
		{"\x08\x08\x12\x0bskl2onnx", Unknown},
		{strings.Repeat("\x00", 136) + "\xff\xff\xff\xff\xff\xff\xff\xff:", Unknown},
		{strings.Repeat("\x00", 4096), Unknown},
		{strings.Repeat("\x00", 136), Unknown},
		{strings.Repeat("\x00", 140), Unknown},
	} {
		if got := Sniff([]byte(c.head)); got != c.want {
			t.Errorf("%.40q: %v, want %v", c.head, got, c.want)
		}
	}
}

func TestParseRefusesByName(t *testing.T) {
	for head, want := range map[string]string{
		"binf":                   "xgboost model: byte 0: the file ends 136 bytes too early",
		"bs64":                   "xgboost model: byte 0: the file ends 136 bytes too early",
		"bs64\t-":                "xgboost model: base64: illegal base64 data",
		`[{"nodeid": 0}]`:        "an XGBoost dump is not supported: save the model with save_model",
		`{"max_feature_idx":3}`:  "a LightGBM JSON dump is not supported: save the model with save_model",
		"CBM1":                   `CatBoost's binary format is not supported: save the model with save_model("model.json", format="json")`,
		`{"oblivious_trees":[]}`: "catboost model: it has no features_info",
		"hello":                  "not a tree model: neither XGBoost JSON, UBJ or binary, LightGBM text nor CatBoost JSON",
		"":                       "not a tree model",
		"tree\n":                 "lightgbm model: the file ends within the header",
		"{L\x00":                 "xgboost model: ",
		`{"learner":`:            "xgboost model: byte 11: the file ends",
	} {
		if _, err := Parse([]byte(head)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", head, err, want)
		}
	}
}

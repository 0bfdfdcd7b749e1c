package trees

import (
	"bytes"
	"encoding/binary"
)

// A Format is what a model file is.
type Format uint8

// The formats. Those from XGBoostDump on are known only to be refused by name.
const (
	Unknown Format = iota
	XGBoostJSON
	XGBoostUBJ
	XGBoostBinary
	LightGBMText
	CatBoostJSON
	XGBoostDump
	LightGBMJSON
	CatBoostBinary
)

func (f Format) String() string {
	switch f {
	case XGBoostJSON:
		return "XGBoost JSON"
	case XGBoostUBJ:
		return "XGBoost UBJ"
	case LightGBMText:
		return "LightGBM text"
	case XGBoostBinary:
		return "XGBoost's binary format"
	case XGBoostDump:
		return "an XGBoost dump"
	case LightGBMJSON:
		return "a LightGBM JSON dump"
	case CatBoostBinary:
		return "CatBoost's binary format"
	case CatBoostJSON:
		return "CatBoost JSON"
	}
	return "an unknown format"
}

// advice is what to do with a format that is not read.
func (f Format) advice() string {
	switch f {
	case XGBoostDump:
		return "save the model with save_model(\"model.ubj\") or (\"model.json\")"
	case LightGBMJSON:
		return "save the model with save_model(\"model.txt\")"
	case CatBoostBinary:
		return "save the model with save_model(\"model.json\", format=\"json\")"
	}
	return "export the model to ONNX"
}

// Supported says whether Parse reads the format.
func (f Format) Supported() bool {
	return f >= XGBoostJSON && f < XGBoostDump
}

// Sniff tells what a file is from how it begins; some 1,000 bytes are enough.
// It does not promise that the rest is well-formed.
func Sniff(head []byte) Format {
	switch {
	case bytes.HasPrefix(head, []byte("tree\n")), bytes.HasPrefix(head, []byte("tree\r\n")):
		return LightGBMText
	case bytes.HasPrefix(head, []byte("binf")), bytes.HasPrefix(head, []byte("bs64")), oldBinary(head):
		return XGBoostBinary
	case bytes.HasPrefix(head, []byte("CBM1")):
		return CatBoostBinary
	}
	if isUBJ(head) {
		return XGBoostUBJ
	}
	return sniffJSON(bytes.TrimLeft(head, " \t\r\n"))
}

// isUBJ recognises an object whose first key is preceded by its length.
func isUBJ(head []byte) bool {
	return len(head) > 2 && head[0] == '{' && bytes.IndexByte([]byte("iUIlL"), head[1]) >= 0
}

// oldBinary recognises an XGBoost file without magic: its first fields are a
// float32 base score, the number of features and the number of classes.
func oldBinary(head []byte) bool {
	const fields = 136 // the parameters, reserved space included
	if len(head) < fields {
		return false
	}
	objective := head[fields:]
	length := binary.LittleEndian.Uint64(append(bytes.Clone(objective[:min(8, len(objective))]), make([]byte, 8)...))
	return length < 64 && len(objective) > 8 && bytes.IndexByte(objective[8:min(len(objective), 8+int(length))], ':') > 0
}

func sniffJSON(head []byte) Format {
	if len(head) == 0 {
		return Unknown
	}
	has := func(key string) bool { return bytes.Contains(head, []byte(`"`+key+`"`)) }
	switch {
	case head[0] == '[' && has("nodeid"):
		return XGBoostDump
	case head[0] != '{':
		return Unknown
	case has("learner"):
		return XGBoostJSON
	case has("nodeid"):
		return XGBoostDump
	case has("tree_info") || has("max_feature_idx"):
		return LightGBMJSON
	case has("oblivious_trees"), has("features_info"), has("model_info"):
		return CatBoostJSON
	}
	return Unknown
}

package conformance

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// over is an inference with a body of JSON.
func over(model, body string, fields ...string) web {
	return web{method: "POST", path: "/v2/models/" + model + "/infer", body: []byte(body), fields: fields}
}

// echoing asks the model that answers its inputs, whose names are their datatypes.
func echoing(datatype, shape, data string) web {
	return over("echo", `{"inputs":[`+tensorJSON(datatype, shape, datatype, data)+`]}`)
}

// behind is an inference with elements behind the JSON.
func behind(model, doc, elements string, fields ...string) web {
	return over(model, doc+elements, append([]string{"Inference-Header-Content-Length", strconv.Itoa(len(doc))}, fields...)...)
}

// sized is an input whose elements are behind the JSON.
func sized(name, datatype, shape string, size int) string {
	return fmt.Sprintf(`{"name":%q,"shape":%s,"datatype":%q,"parameters":{"binary_data_size":%d}}`, name, shape, datatype, size)
}

func getting(path string) web { return web{method: "GET", path: path} }

const (
	echoFour  = `{"name":"FP32","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}`
	inputA    = `{"name":"a","shape":[1,2],"datatype":"INT32","data":[1,2]}`
	inputB    = `{"name":"b","shape":[1,2],"datatype":"INT32","data":[10,20]}`
	wholeAdd  = `{"inputs":[` + inputA + `,` + inputB + `]}`
	oneRow    = `{"name":"x","shape":[1,3],"datatype":"FP32","data":[0.5,2,1]}`
	toldInput = `{"name":"x","shape":[1],"datatype":"FP32","data":[1]}`
)

func adding(rest string) web {
	return over("add", `{"inputs":[`+inputA+`,`+inputB+`],`+rest+`}`)
}

func telling(parameters string) web {
	return over("told", `{"parameters":{`+parameters+`},"inputs":[`+toldInput+`]}`)
}

func squeezed(body string, with func(io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	w := with(&b)
	_, err := io.WriteString(w, body)
	if err != nil || w.Close() != nil {
		panic("memory is full")
	}
	return b.String()
}

func gzipped(body string) string {
	return squeezed(body, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func deflated(body string) string {
	return squeezed(body, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
}

// large is an image that is all ones, as many megabytes large.
func large(mb int) web {
	return behind("echo", fmt.Sprintf(`{"inputs":[%s],"outputs":[{"name":"INT8","parameters":{"binary_data":true}}]}`,
		sized("INT8", "INT8", fmt.Sprintf("[%d,1048576]", mb), mb<<20)), strings.Repeat("\x01", mb<<20))
}

const (
	one32 = "\x00\x00\x80\x3f" // 1 in FP32
	two32 = "\x00\x00\x00\x40"
)

// The reasons that leat has for doing as neither of the others, where more than
// one case has them.
const (
	clientsMistake = "a request that cannot be read is the client's mistake, for which the specification has 400"
	notReadyIs     = "503, as KServe has it: it may be there later"
	strictElements = "400: what the datatype cannot hold is not made into something else in silence"
	wantedOrder    = "outputs come in the order in which they are asked for"
	ownOrder       = "outputs that nobody has asked for by name come in the order of the model's configuration"
	outputTwice    = "400, as in newer versions of Triton"
	nullIsJSON     = "read as by Triton; written as null, as by MLServer, since NaN is no JSON"
)

var overJSON = []compares{
	{"Data", "flat", echoing("FP32", "[2,2]", "[1,2,3,4]"), ""},
	{"Data", "nested", echoing("FP32", "[2,2]", "[[1,2],[3,4]]"), ""},
	{"Data", "nested in another form than the shape's", echoing("FP32", "[2,3]", "[[1,2],[3,4],[5,6]]"), ""},
	{"Data", "ragged", echoing("FP32", "[2,2]", "[[1,2,3],[4]]"), "400: rows of different lengths are a mistake more often than an intention"},
	{"Data", "fewer elements than the shape holds", echoing("FP32", "[2,2]", "[1,2,3]"), clientsMistake},
	{"Data", "more elements than the shape holds", echoing("FP32", "[1,2]", "[1,2,3]"), clientsMistake},
	{"Data", "no elements, shape [0,2]", echoing("FP32", "[0,2]", "[]"), ""},
	{"Data", "a scalar, shape []", echoing("FP32", "[]", "[1]"), ""},
	{"Data", "data that is no list", echoing("FP32", "[1,1]", "1"), clientsMistake},
	{"Data", "integers for FP32", echoing("FP32", "[1,2]", "[16777216,7]"), ""},
	{"Data", "FP64, 17 digits", echoing("FP64", "[1,2]", "[0.1,1.7976931348623157e308]"), ""},
	{"Data", "FP32 too large, 1e39", echoing("FP32", "[1,1]", "[1e39]"), strictElements},
	{"Data", "FP32, 1e999", echoing("FP32", "[1,1]", "[1e999]"), clientsMistake},
	{"Data", "NaN bare in JSON", echoing("FP32", "[1,2]", "[NaN,1]"), nullIsJSON},
	{"Data", "Infinity bare in JSON", echoing("FP64", "[1,2]", "[Infinity,-Infinity]"), nullIsJSON},
	{"Data", "null in FP32", echoing("FP32", "[1,2]", "[null,1]"), ""},
	{"Data", "null in INT32", echoing("INT32", "[1,2]", "[null,1]"), clientsMistake},
	{"Data", "an answer with NaN and infinities", over("odd", `{"inputs":[`+toldInput+`]}`), "null, as by MLServer, which makes [4,1] of the shape [4]"},
	{"Data", "FP16 in JSON", echoing("FP16", "[1,2]", "[1,0.5]"), ""},
	{"Data", "BF16 in JSON", over("echo", `{"inputs":[`+tensorJSON("FP32", "[1,1]", "BF16", "[1]")+`]}`), ""},

	{"Integers", "INT8 at its limits", echoing("INT8", "[1,2]", "[-128,127]"), ""},
	{"Integers", "INT8, 300", echoing("INT8", "[1,1]", "[300]"), strictElements},
	{"Integers", "UINT8, -1", echoing("UINT8", "[1,1]", "[-1]"), clientsMistake},
	{"Integers", "INT16 and UINT16 at their limits", over("echo", `{"inputs":[`+tensorJSON("INT16", "[1,2]", "INT16", "[-32768,32767]")+`,`+tensorJSON("UINT16", "[1,1]", "UINT16", "[65535]")+`]}`), ownOrder},
	{"Integers", "INT32, 2147483648", echoing("INT32", "[1,1]", "[2147483648]"), strictElements},
	{"Integers", "INT64 beyond 2^53 and at its limits", echoing("INT64", "[1,3]", "[9007199254740993,-9223372036854775808,9223372036854775807]"), ""},
	{"Integers", "INT64, 2^63", echoing("INT64", "[1,1]", "[9223372036854775808]"), clientsMistake},
	{"Integers", "UINT64 at its limit", echoing("UINT64", "[1,1]", "[18446744073709551615]"), ""},
	{"Integers", "UINT64, 2^64", echoing("UINT64", "[1,1]", "[18446744073709551616]"), clientsMistake},
	{"Integers", "UINT32 at its limit", echoing("UINT32", "[1,1]", "[4294967295]"), ""},
	{"Integers", "INT32, 1.5", echoing("INT32", "[1,1]", "[1.5]"), strictElements},
	{"Integers", "INT32, 1.0", echoing("INT32", "[1,1]", "[1.0]"), strictElements},
	{"Integers", "INT32, a string", echoing("INT32", "[1,1]", `["7"]`), strictElements},
	{"Integers", "INT32, true", echoing("INT32", "[1,1]", "[true]"), strictElements},

	{"Other datatypes", "BOOL, true and false", echoing("BOOL", "[1,2]", "[true,false]"), ""},
	{"Other datatypes", "BOOL, 1 and 0", echoing("BOOL", "[1,2]", "[1,0]"), ""},
	{"Other datatypes", "BOOL, 2", echoing("BOOL", "[1,1]", "[2]"), strictElements},
	{"Other datatypes", `BOOL, "true"`, echoing("BOOL", "[1,1]", `["true"]`), strictElements},
	{"Other datatypes", "BYTES in UTF-8, empty, with a NUL", echoing("BYTES", "[1,3]", `["héllo 漢","","a\u0000b"]`), ""},
	{"Other datatypes", "BYTES, escaped", echoing("BYTES", "[1,2]", `["\u00e9\ud83d\ude00","\"\\\n"]`), ""},
	{"Other datatypes", "BYTES, a lone surrogate", echoing("BYTES", "[1,1]", `["\ud83d"]`), clientsMistake},
	{"Other datatypes", "BYTES, a number", echoing("BYTES", "[1,1]", "[7]"), clientsMistake},
	{"Other datatypes", "a model of BYTES", over("upper", `{"inputs":[`+tensorJSON("x", "[2]", "BYTES", `["abc","straße"]`)+`]}`), ""},
	{"Other datatypes", "an unknown datatype", over("echo", `{"inputs":[`+tensorJSON("FP32", "[1,1]", "FP33", "[1]")+`]}`), ""},
	{"Other datatypes", "a datatype in small letters", over("echo", `{"inputs":[`+tensorJSON("FP32", "[1,1]", "fp32", "[1]")+`]}`), ""},
	{"Other datatypes", "another datatype than the model's", over("echo", `{"inputs":[`+tensorJSON("FP32", "[1,1]", "FP64", "[1]")+`]}`), ""},

	{"Shapes", "another rank than the model's", echoing("FP32", "[4]", "[1,2,3,4]"), ""},
	{"Shapes", "another length than the model's", over("add", `{"inputs":[`+tensorJSON("a", "[1,3]", "INT32", "[1,2,3]")+`,`+tensorJSON("b", "[1,3]", "INT32", "[1,2,3]")+`]}`), ""},
	{"Shapes", "a negative length", echoing("FP32", "[-1,4]", "[1,2,3,4]"), clientsMistake},
	{"Shapes", "a product that overflows", echoing("FP32", "[4294967296,4294967298]", "[1]"), clientsMistake},
	{"Shapes", "a length that is a fraction", echoing("FP32", "[1.5,2]", "[1,2,3]"), clientsMistake},
	{"Shapes", "a length that is a string", echoing("FP32", `["1",2]`, "[1,2]"), clientsMistake},
	{"Shapes", "rows up to max_batch_size", over("rows", `{"inputs":[`+tensorJSON("x", "[4,3]", "FP32", "[1,2,3,4,5,6,7,8,9,10,11,12]")+`]}`), ""},
	{"Shapes", "rows beyond max_batch_size", over("rows", `{"inputs":[`+tensorJSON("x", "[5,3]", "FP32", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]")+`]}`), ""},
	{"Shapes", "without the batch's dimension", over("rows", `{"inputs":[`+tensorJSON("x", "[3]", "FP32", "[1,2,3]")+`]}`), ""},
}

var overREST = []compares{
	{"Inputs and outputs", "two inputs, two outputs", over("add", wholeAdd), ""},
	{"Inputs and outputs", "inputs in another order", over("add", `{"inputs":[`+inputB+`,`+inputA+`]}`), ""},
	{"Inputs and outputs", "a missing input", over("add", `{"inputs":[`+inputA+`]}`), ""},
	{"Inputs and outputs", "an unknown input", over("add", `{"inputs":[`+inputA+`,`+inputB+`,{"name":"c","shape":[1],"datatype":"INT32","data":[1]}]}`), ""},
	{"Inputs and outputs", "an input twice", over("add", `{"inputs":[`+inputA+`,`+inputA+`,`+inputB+`]}`), ""},
	{"Inputs and outputs", "no inputs", over("add", `{"inputs":[]}`), "an empty list is MLRun's dialect: no rows, for which the model is not asked"},
	{"Inputs and outputs", "without inputs", over("add", `{"id":"1"}`), clientsMistake},
	{"Inputs and outputs", "an input without a name", over("echo", `{"inputs":[{"shape":[1,1],"datatype":"FP32","data":[1]}]}`), clientsMistake},
	{"Inputs and outputs", "an input without a shape", over("echo", `{"inputs":[{"name":"FP32","datatype":"FP32","data":[1]}]}`), clientsMistake},
	{"Inputs and outputs", "an input without a datatype", over("echo", `{"inputs":[{"name":"FP32","shape":[1,1],"data":[1]}]}`), clientsMistake},
	{"Inputs and outputs", "an input without data", over("echo", `{"inputs":[{"name":"FP32","shape":[1,1],"datatype":"FP32"}]}`), ""},
	{"Inputs and outputs", "one output is asked for", adding(`"outputs":[{"name":"difference"}]`), ""},
	{"Inputs and outputs", "outputs are asked for in another order", adding(`"outputs":[{"name":"difference"},{"name":"sum"}]`), wantedOrder},
	{"Inputs and outputs", "no outputs are asked for", adding(`"outputs":[]`), ""},
	{"Inputs and outputs", "an unknown output", adding(`"outputs":[{"name":"z"}]`), ""},
	{"Inputs and outputs", "an output twice", adding(`"outputs":[{"name":"sum"},{"name":"sum"}]`), outputTwice},

	{"Parameters and ids", "an id in Unicode", web{"POST", "/v2/models/told/infer", []byte(`{"id":"é漢\"","inputs":[` + toldInput + `]}`), nil, false}, ""},
	{"Parameters and ids", "an id that is a number", over("told", `{"id":7,"inputs":[`+toldInput+`]}`), clientsMistake},
	{"Parameters and ids", "a string, an integer, a fraction, a boolean", telling(`"text":"é","number":7,"fraction":0.5,"flag":true`), ""},
	{"Parameters and ids", "an integer beyond 2^53", telling(`"number":9007199254740993`), ""},
	{"Parameters and ids", "an object", telling(`"text":{"a":1}`), ""},
	{"Parameters and ids", "null", telling(`"text":null`), ""},
	{"Parameters and ids", "a name that begins with triton_", telling(`"triton_x":1`), ""},
	{"Parameters and ids", "parameters that are a list", over("told", `{"parameters":[1],"inputs":[`+toldInput+`]}`), clientsMistake},
	{"Parameters and ids", "classification, k 2 of 3", over("rows", `{"inputs":[`+oneRow+`],"outputs":[{"name":"x","parameters":{"classification":2}}]}`), ""},
	{"Parameters and ids", "classification, k 9 of 3", over("rows", `{"inputs":[`+oneRow+`],"outputs":[{"name":"x","parameters":{"classification":9}}]}`), ""},
	{"Parameters and ids", "classification, k a string", over("rows", `{"inputs":[`+oneRow+`],"outputs":[{"name":"x","parameters":{"classification":"2"}}]}`), clientsMistake},
	{"Parameters and ids", "sequence_start with the id 0", telling(`"sequence_id":0,"sequence_start":true`), "400: no sequence has the id 0, as Triton has it where a model has sequences"},
	{"Parameters and ids", "sequence_id that is a fraction", telling(`"sequence_id":1.5,"sequence_start":true`), clientsMistake},
	{"Parameters and ids", "shared memory that nobody has registered", over("echo", `{"inputs":[{"name":"FP32","shape":[1,1],"datatype":"FP32","parameters":{"shared_memory_region":"r","shared_memory_byte_size":4}}]}`), "501: shared memory is not offered"},

	{"Models and routes", "an unknown model", over("nobody", wholeAdd), ""},
	{"Models and routes", "an unknown model and a broken body", over("nobody", `{`), ""},
	{"Models and routes", "an unknown version", web{"POST", "/v2/models/add/versions/9/infer", []byte(wholeAdd), nil, false}, ""},
	{"Models and routes", "a version that is no number", web{"POST", "/v2/models/add/versions/latest/infer", []byte(wholeAdd), nil, false}, ""},
	{"Models and routes", "an inference by a model that could not be loaded", over("unready", `{"inputs":[`+toldInput+`]}`), notReadyIs},
	{"Models and routes", "a model whose code fails", over("fail", `{"inputs":[`+toldInput+`]}`), ""},
	{"Models and routes", "ready of an unknown model", getting("/v2/models/nobody/ready"), ""},
	{"Models and routes", "ready of a model that could not be loaded", getting("/v2/models/unready/ready"), "408 is what MLRun has; the clients of Triton take anything but 200 for not ready"},
	{"Models and routes", "metadata of an unknown model", getting("/v2/models/nobody"), ""},
	{"Models and routes", "the server is ready although a model could not be loaded", getting("/v2/health/ready"), "503, as KServe has it, whose client takes nothing else for not ready"},
	{"Models and routes", "GET of infer", getting("/v2/models/add/infer"), ""},
	{"Models and routes", "PUT of infer", web{"PUT", "/v2/models/add/infer", []byte(wholeAdd), nil, false}, "any method but GET may carry an event, as MLRun has it"},
	{"Models and routes", "a slash behind infer", web{"POST", "/v2/models/add/infer/", []byte(wholeAdd), nil, false}, "the same with and without it: MLServer's 307 leads there too"},
	{"Models and routes", "an unknown path", getting("/v2/nothing"), ""},
	{"Models and routes", "an index for models that are ready, asked for with a string", web{"POST", "/v2/repository/index", []byte(`{"ready":"yes"}`), nil, true}, clientsMistake},

	{"Bodies", "none", over("add", ""), ""},
	{"Bodies", "truncated", over("add", wholeAdd[:len(wholeAdd)-3]), clientsMistake},
	{"Bodies", "a list", over("add", "[]"), clientsMistake},
	{"Bodies", "null", over("add", "null"), clientsMistake},
	{"Bodies", "text behind the JSON", over("add", wholeAdd+" x"), clientsMistake},
	{"Bodies", "keys that nobody knows", over("add", `{"k":{"a":[1]},`+wholeAdd[1:]), ""},
	{"Bodies", "a key twice", over("add", `{"inputs":[],`+wholeAdd[1:]), ""},
	{"Bodies", "120 nested lists", echoing("FP32", "[1,1]", strings.Repeat("[", 120)+"1"+strings.Repeat("]", 120)), "400: at most 100 levels, as in newer versions of Triton"},
	{"Bodies", "bytes that are not UTF-8", echoing("BYTES", "[1,1]", "[\"\xff\xfe\"]"), "400: JSON is UTF-8, and elements that are not have their form in bytes"},
	{"Bodies", "another Content-Type", over("add", wholeAdd, "Content-Type", "text/plain"), ""},
	{"Bodies", "gzip", over("add", gzipped(wholeAdd), "Content-Encoding", "gzip"), ""},
	{"Bodies", "deflate", over("add", deflated(wholeAdd), "Content-Encoding", "deflate"), ""},
	{"Bodies", "gzip that is none", over("add", wholeAdd, "Content-Encoding", "gzip"), ""},
	{"Bodies", "an unknown Content-Encoding", over("add", wholeAdd, "Content-Encoding", "br"), "415 is what HTTP has for it; MLServer reads the body as if nothing had been said"},
	{"Bodies", "an answer in gzip", over("add", wholeAdd, "Accept-Encoding", "gzip"), ""},
	{"Bodies", "48 MiB", large(48), ""},
}

var inBytes = []compares{
	{"Bytes behind JSON", "an input", behind("echo", `{"inputs":[`+sized("FP32", "FP32", "[1,2]", 8)+`]}`, one32+two32), ""},
	{"Bytes behind JSON", "an input and an output", behind("echo", `{"inputs":[`+sized("FP32", "FP32", "[1,2]", 8)+`],"parameters":{"binary_data_output":true}}`, one32+two32), ""},
	{"Bytes behind JSON", "an output by its own parameter", adding(`"outputs":[{"name":"sum","parameters":{"binary_data":true}},{"name":"difference"}]`), ""},
	{"Bytes behind JSON", "binary_data false beside binary_data_output", adding(`"parameters":{"binary_data_output":true},"outputs":[{"name":"sum","parameters":{"binary_data":false}}]`), ""},
	{"Bytes behind JSON", "one input in JSON, one in bytes", behind("add", `{"inputs":[`+inputA+`,`+sized("b", "INT32", "[1,2]", 8)+`]}`, "\x0a\x00\x00\x00\x14\x00\x00\x00"), ""},
	{"Bytes behind JSON", "another size than the shape's", behind("echo", `{"inputs":[`+sized("FP32", "FP32", "[1,2]", 4)+`]}`, one32), ""},
	{"Bytes behind JSON", "fewer bytes than declared", behind("echo", `{"inputs":[`+sized("FP32", "FP32", "[1,2]", 8)+`]}`, one32), ""},
	{"Bytes behind JSON", "bytes left over", behind("echo", `{"inputs":[`+sized("FP32", "FP32", "[1,1]", 4)+`]}`, one32+two32), ""},
	{"Bytes behind JSON", "a size below zero", behind("echo", `{"inputs":[`+sized("FP32", "FP32", "[1,1]", -4)+`]}`, one32), clientsMistake},
	{"Bytes behind JSON", "data and a size", behind("echo", `{"inputs":[{"name":"FP32","shape":[1,1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}}]}`, one32), ""},
	{"Bytes behind JSON", "a size without the header", over("echo", `{"inputs":[`+sized("FP32", "FP32", "[1,1]", 4)+`]}`), ""},
	{"Bytes behind JSON", "a header that is no number", over("add", wholeAdd, "Inference-Header-Content-Length", "abc"), ""},
	{"Bytes behind JSON", "a header below zero", over("add", wholeAdd, "Inference-Header-Content-Length", "-1"), ""},
	{"Bytes behind JSON", "a header beyond the body", over("add", wholeAdd, "Inference-Header-Content-Length", "99999"), ""},
	{"Bytes behind JSON", "a header beyond 32 bits", over("add", wholeAdd, "Inference-Header-Content-Length", "99999999999"), ""},
	{"Bytes behind JSON", "a header within the JSON", over("add", wholeAdd, "Inference-Header-Content-Length", "20"), clientsMistake},
	{"Bytes behind JSON", "FP16, to the bit", behind("echo", `{"inputs":[`+sized("FP16", "FP16", "[1,2]", 4)+`],"parameters":{"binary_data_output":true}}`, "\x00\x3c\x01\x7e"), ""},
	{"Bytes behind JSON", "FP16 answered in JSON", behind("echo", `{"inputs":[`+sized("FP16", "FP16", "[1,1]", 2)+`]}`, "\x00\x3c"), "numbers, which lose nothing"},
	{"Bytes behind JSON", "BOOL, a byte 2", behind("echo", `{"inputs":[`+sized("BOOL", "BOOL", "[1,2]", 2)+`]}`, "\x02\x00"), ""},
	{"Bytes behind JSON", "BYTES that are not UTF-8, answered in bytes", behind("echo", `{"inputs":[`+sized("BYTES", "BYTES", "[1,2]", 11)+`],"parameters":{"binary_data_output":true}}`, "\x03\x00\x00\x00\xff\xfe\x00\x00\x00\x00\x00"), ""},
	{"Bytes behind JSON", "BYTES that are not UTF-8, answered in JSON", behind("echo", `{"inputs":[`+sized("BYTES", "BYTES", "[1,1]", 6)+`]}`, "\x02\x00\x00\x00\xff\xfe"), ""},
	{"Bytes behind JSON", "BYTES, a length beyond the end", behind("echo", `{"inputs":[`+sized("BYTES", "BYTES", "[1,1]", 6)+`]}`, "\xff\x00\x00\x00ab"), ""},
	{"Bytes behind JSON", "BYTES, more elements than the shape holds", behind("echo", `{"inputs":[`+sized("BYTES", "BYTES", "[1,1]", 10)+`]}`, "\x01\x00\x00\x00a\x01\x00\x00\x00b"), ""},
	{"Bytes behind JSON", "no elements", behind("echo", `{"inputs":[`+sized("FP32", "FP32", "[0,2]", 0)+`],"parameters":{"binary_data_output":true}}`, ""), ""},
	{"Bytes behind JSON", "nothing but bytes, header 0", over("odd", one32+two32, "Inference-Header-Content-Length", "0"), ""},
	{"Bytes behind JSON", "nothing but bytes for two inputs", over("add", one32+two32, "Inference-Header-Content-Length", "0"), ""},
	{"Bytes behind JSON", "nothing but bytes, half an element", over("odd", one32+"\x00\x00", "Inference-Header-Content-Length", "0"), ""},
	{"Bytes behind JSON", "gzip", func() web {
		doc := `{"inputs":[` + sized("FP32", "FP32", "[1,2]", 8) + `]}`
		return over("echo", gzipped(doc+one32+two32), "Inference-Header-Content-Length", strconv.Itoa(len(doc)), "Content-Encoding", "gzip")
	}(), ""},
}

package conformance

import "testing"

// coded is an input whose parameters name one of MLServer's codecs.
func coded(codec, shape, datatype, data string) string {
	return `{"name":"x","shape":` + shape + `,"datatype":"` + datatype + `","parameters":{"content_type":"` + codec + `"},"data":` + data + `}`
}

// TestMLServerCodecs is statement 101 as far as the server goes: what MLServer's codecs
// write comes back from a model that answers its inputs as it was, with the codec's
// name, so that a client reads it again. What a codec means is the client's and the
// model's business.
func TestMLServerCodecs(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	for _, tensor := range []string{
		coded("np", "[2,2]", "FP64", "[1,2,3,4.5]"), coded("np", "[3,1]", "INT64", "[1,2,3]"), coded("str", "[2,1]", "BYTES", `["a","wörld"]`),
		coded("base64", "[1,1]", "BYTES", `["aGk="]`), coded("base64", "[1]", "BYTES", `["not base64"]`),
		coded("datetime", "[1,1]", "BYTES", `["2024-02-29T12:00:00+01:00"]`), coded("pd_json", "[1]", "BYTES", `["{\"a\": 1}"]`),
	} {
		c := infer("any", tensor, 200).Want(echoed(tensor))
		c.check(t, 101, "MLServer's codecs", c.do(t, url))
	}
	columns := tensorJSON("a", "[2,1]", "FP32", "[1,2]") + "," + tensorJSON("c", "[2,1]", "FP32", "[3,4]")
	c := asking("any", columns, `,"parameters":{"content_type":"pd"}`, 200).Want(echoed(columns))
	c.check(t, 101, "a data frame, a column an input", c.do(t, url))
}

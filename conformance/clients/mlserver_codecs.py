"""MLServer's codecs as a client, against a server whose model echo answers with its
inputs: what a codec writes comes back so that the codec reads what was written.

    python mlserver_codecs.py 127.0.0.1:8080
"""

import json
import sys
import urllib.request
from datetime import datetime, timezone

import numpy as np
import pandas as pd
from mlserver.codecs import Base64Codec, DatetimeCodec, NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec, StringRequestCodec
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput

passed = 0


def infer(request):
    body = json.dumps(request.model_dump(exclude_none=True)).encode()
    asked = urllib.request.Request(f"http://{sys.argv[1]}/v2/models/echo/infer", data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return InferenceResponse.model_validate_json(answer.read())


def same(a, b):
    if isinstance(a, pd.DataFrame):
        return a.astype(object).equals(b.astype(object))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return a == b


def check(what, got, want):
    global passed
    if not same(want, got):
        sys.exit(f"MLServer's codecs: {what}: got {got!r}, want {want!r}")
    passed += 1


def inputs():
    moment = datetime(2024, 2, 29, 12, 30, tzinfo=timezone.utc)
    arrays = [np.array([[1, 2], [3, 4]], dtype=t) for t in ("float32", "float64", "int64", "int32", "int8", "uint8", "uint64")]
    arrays += [np.array([[True], [False]]), np.array([[2**53 + 1], [-(2**63)]]), np.zeros((2, 3, 4), dtype="float32")]
    for array in arrays:
        yield f"numpy {array.dtype} {array.shape}", NumpyCodec, array
    yield "strings", StringCodec, ["a", "", "wörld", "\u0000"]
    yield "base64", Base64Codec, [b"\x00\xff", b"", b"text"]
    yield "datetime", DatetimeCodec, [moment]


def main():
    for what, codec, value in inputs():
        request = InferenceRequest(inputs=[codec.encode_input("x", value, use_bytes=False)])
        output = infer(request).outputs[0]
        check(what, codec.decode_output(output), value)
        if output.parameters is not None and request.inputs[0].parameters is not None:
            check(f"{what}: content_type", output.parameters.content_type, request.inputs[0].parameters.content_type)
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": pd.Series(["x", "y"], dtype=object)})
    check("data frame", PandasCodec.decode_response(infer(PandasCodec.encode_request(frame, use_bytes=False))), frame)
    array = np.array([[1.5, 2.5]])
    check("request of numpy", NumpyRequestCodec.decode_response(infer(NumpyRequestCodec.encode_request(array))), array)
    check("request of strings", StringRequestCodec.decode_response(infer(StringRequestCodec.encode_request(["a", "b"], use_bytes=False))), ["a", "b"])
    mixed = InferenceRequest(id="7", inputs=[NumpyCodec.encode_input("n", np.array([[1]])), StringCodec.encode_input("s", ["a"], use_bytes=False)])
    answer = infer(mixed)
    check("id", answer.id, "7")
    check("two inputs", [o.name for o in answer.outputs], ["n", "s"])
    plain = InferenceRequest(inputs=[RequestInput(name="x", shape=[2], datatype="FP64", data=[1.0, float("nan")])])
    body = plain.model_dump_json(exclude_none=True).encode()  # NaN is null
    request = urllib.request.Request(f"http://{sys.argv[1]}/v2/models/echo/infer", data=body)
    with urllib.request.urlopen(request, timeout=60) as answer:
        check("a missing value", json.loads(answer.read())["outputs"][0]["data"], [1.0, None])
    print(f"MLServer's codecs: {passed} checks passed")


main()

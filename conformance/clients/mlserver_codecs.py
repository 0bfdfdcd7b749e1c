"""MLServer's codecs as a client, against a server whose model echo answers with its
inputs: what a codec writes comes back so that the codec reads what was written. Over HTTP
as JSON; over gRPC, by MLServer's converters and stubs, with elements one by one and raw.

    python mlserver_codecs.py 127.0.0.1:8080 127.0.0.1:8081
"""

import json
import sys
import urllib.request
from datetime import datetime, timedelta, timezone

import grpc
import numpy as np
import pandas as pd
from mlserver.codecs import Base64Codec, DatetimeCodec, NumpyCodec, NumpyRequestCodec, PandasCodec, StringCodec, StringRequestCodec
from mlserver.grpc import converters
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput

WEB, AT = sys.argv[1:3]
passed = 0


def post(body):
    asked = urllib.request.Request(f"http://{WEB}/v2/models/echo/infer", data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.read()


def over_http(request):
    return InferenceResponse.model_validate_json(post(json.dumps(request.model_dump(exclude_none=True)).encode()))


def over_grpc(stub, raw):
    def infer(request):
        message = converters.ModelInferRequestConverter.from_types(request, model_name="echo", use_raw=raw)
        return converters.ModelInferResponseConverter.to_types(stub.ModelInfer(message, timeout=60))

    return infer


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
    """What each codec of an input takes. Arrays of texts are left out: MLServer's codec cannot
    read what its own converters for gRPC make of them."""
    moment = datetime(2024, 2, 29, 12, 30, tzinfo=timezone.utc)
    kinds = ("float32", "float64", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64")
    arrays = [np.array([[1, 2], [3, 4]], dtype=t) for t in kinds]
    arrays += [np.array([[True], [False]]), np.array([[2**53 + 1], [-(2**63)]]), np.zeros((2, 3, 4), dtype="float32")]
    for array in arrays:
        yield f"numpy {array.dtype} {array.shape}", NumpyCodec, array
    yield "strings", StringCodec, ["a", "", "wörld", "\u0000"]
    yield "base64", Base64Codec, [b"\x00\xff", b"", b"text"]
    yield "datetime", DatetimeCodec, [moment, moment.astimezone(timezone(timedelta(hours=-5))), datetime(2024, 2, 29, 0, 0, 0, 1)]


def content_type(parameters):
    return parameters and parameters.content_type


def each(way, infer, use_bytes):
    for what, codec, value in inputs():
        what = f"{way}: {what}"
        request = InferenceRequest(inputs=[codec.encode_input("x", value, use_bytes=use_bytes)])
        named = content_type(request.inputs[0].parameters)
        output = infer(request).outputs[0]
        check(what, codec.decode_output(output), value)
        check(f"{what}: content_type", content_type(output.parameters), named)


def whole(way, infer, use_bytes):
    """The codecs of requests. Texts of data frames come out of gRPC as bytes, as MLServer reads them."""
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": pd.Series(["x", "y"], dtype=object), "d": [True, False]})
    read = frame.assign(c=pd.Series([b"x", b"y"], dtype=object)) if use_bytes else frame
    check(f"{way}: data frame", PandasCodec.decode_response(infer(PandasCodec.encode_request(frame, use_bytes=use_bytes))), read)
    nested = pd.DataFrame({"a": [1, 2], "j": [{"k": 1}, {"k": [2, "é"]}], "l": [[1, 2], [3]]})
    request = PandasCodec.encode_request(nested, use_bytes=use_bytes)
    check(f"{way}: columns of JSON", [content_type(i.parameters) for i in request.inputs], [None, "pd_json", "pd_json"])
    check(f"{way}: data frame with JSON", PandasCodec.decode_response(infer(request)), nested)
    array = np.array([[1.5, 2.5]])
    check(f"{way}: request of numpy", NumpyRequestCodec.decode_response(infer(NumpyRequestCodec.encode_request(array))), array)
    strings = StringRequestCodec.encode_request(["a", "b"], use_bytes=use_bytes)
    check(f"{way}: request of strings", StringRequestCodec.decode_response(infer(strings)), ["a", "b"])
    mixed = InferenceRequest(id="7", inputs=[NumpyCodec.encode_input("n", np.array([[1]])), StringCodec.encode_input("s", ["a"], use_bytes=use_bytes)])
    answer = infer(mixed)
    check(f"{way}: id", answer.id, "7")
    check(f"{way}: two inputs", [o.name for o in answer.outputs], ["n", "s"])


def main():
    with grpc.insecure_channel(AT) as channel:
        stub = GRPCInferenceServiceStub(channel)
        for way, infer, use_bytes in (("HTTP", over_http, False), ("gRPC", over_grpc(stub, False), True), ("gRPC, raw", over_grpc(stub, True), True)):
            each(way, infer, use_bytes)
            whole(way, infer, use_bytes)
    plain = InferenceRequest(inputs=[RequestInput(name="x", shape=[2], datatype="FP64", data=[1.0, float("nan")])])
    answer = json.loads(post(plain.model_dump_json(exclude_none=True).encode()))  # NaN is null
    check("a missing value", answer["outputs"][0]["data"], [1.0, None])
    print(f"MLServer's codecs: {passed} checks passed")


main()

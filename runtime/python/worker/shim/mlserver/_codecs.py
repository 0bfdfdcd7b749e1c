"""mlserver.codecs: between tensors and numpy's arrays, text, bytes and DataFrames."""

from __future__ import annotations

import base64
import binascii
import datetime
import functools
import json
from typing import Any

from . import types

_DTYPES = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64",
    "FP16": "float16", "FP32": "float32", "FP64": "float64", "BYTES": "object",
}  # fmt: skip
_DATATYPES = {dtype: name for name, dtype in _DTYPES.items()}


def _name(datatype: Any) -> str:
    return str(getattr(datatype, "value", datatype))


def _elements(data: Any) -> list[Any]:
    """The elements as a flat list."""
    if hasattr(data, "tolist"):
        data = data.reshape(-1).tolist()
    if isinstance(data, (bytes, str)):
        return [data]
    flat: list[Any] = []
    for one in data or ():
        flat += _elements(one) if isinstance(one, (list, tuple)) else [one]
    return flat


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _as_input(output: types.ResponseOutput) -> types.RequestInput:
    array = types.array_of(output)
    data = output.data if array is None else array
    return types.RequestInput(name=output.name, datatype=output.datatype, shape=output.shape, data=data, parameters=output.parameters)


DecodedParameterName = "_decoded_payload"
InputOrOutput = Any


class InputCodec:
    """Decodes inputs and encodes outputs."""

    ContentType = ""

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return False

    @classmethod
    def encode_input(cls, name: str, payload: Any, **options: Any) -> types.RequestInput:
        return _as_input(cls.encode_output(name, payload, **options))

    @classmethod
    def encode_output(cls, name: str, payload: Any, **options: Any) -> types.ResponseOutput:
        raise NotImplementedError

    @classmethod
    def decode_input(cls, request_input: types.RequestInput) -> Any:
        raise NotImplementedError

    @classmethod
    def decode_output(cls, response_output: types.ResponseOutput) -> Any:
        return cls.decode_input(response_output)  # type: ignore[arg-type]


class NumpyCodec(InputCodec):
    """Arrays."""

    ContentType = "np"

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return type(payload).__module__ == "numpy" and hasattr(payload, "dtype")

    @classmethod
    def encode_output(cls, name: str, payload: Any, **_: Any) -> types.ResponseOutput:
        datatype = _DATATYPES.get(payload.dtype.name, "BYTES")
        data = payload if datatype != "BYTES" else [_text(v).encode("utf-8", "surrogateescape") for v in payload.reshape(-1).tolist()]
        shape = list(payload.shape)
        return types.ResponseOutput(
            name=name, datatype=datatype, shape=shape + [1] * (len(shape) == 1), data=data, parameters=types.Parameters(content_type="np")
        )

    @classmethod
    def decode_input(cls, request_input: types.RequestInput) -> Any:
        import numpy

        dtype = _DTYPES.get(_name(request_input.datatype))
        if dtype is None:
            raise ValueError(f"datatype {request_input.datatype} of input {request_input.name}")
        data = types.array_of(request_input)
        if data is None:
            data = _elements(request_input.data)
        return numpy.asarray(data, dtype=dtype).reshape(request_input.shape)


class StringCodec(InputCodec):
    """Lists of text."""

    ContentType = "str"

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return isinstance(payload, list) and all(isinstance(v, str) for v in payload)

    @classmethod
    def encode_output(cls, name: str, payload: Any, use_bytes: bool = True, **_: Any) -> types.ResponseOutput:
        data = [v.encode() if use_bytes else v for v in payload]
        return types.ResponseOutput(
            name=name, datatype="BYTES", shape=[len(data), 1], data=data, parameters=types.Parameters(content_type="str")
        )

    @classmethod
    def decode_input(cls, request_input: types.RequestInput) -> list[str]:
        return [_text(v) for v in _elements(request_input.data)]


class Base64Codec(InputCodec):
    """Lists of bytes, which are written in base 64."""

    ContentType = "base64"

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return isinstance(payload, list) and all(isinstance(v, bytes) for v in payload)

    @classmethod
    def encode_output(cls, name: str, payload: Any, **_: Any) -> types.ResponseOutput:
        data = [base64.b64encode(v).decode() for v in payload]
        return types.ResponseOutput(
            name=name, datatype="BYTES", shape=[len(data), 1], data=data, parameters=types.Parameters(content_type="base64")
        )

    @classmethod
    def decode_input(cls, request_input: types.RequestInput) -> list[bytes]:
        return [_bytes_of(v) for v in _elements(request_input.data)]


def _bytes_of(value: Any) -> bytes:
    """The bytes that are written in base 64; what is not, is itself, as MLServer has it."""
    value = value.encode() if isinstance(value, str) else bytes(value)
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return value


class DatetimeCodec(InputCodec):
    """Lists of times, which are written as ISO 8601 has them."""

    ContentType = "datetime"

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return isinstance(payload, list) and bool(payload) and all(isinstance(v, datetime.datetime) for v in payload)

    @classmethod
    def encode_output(cls, name: str, payload: Any, use_bytes: bool = True, **_: Any) -> types.ResponseOutput:
        data = [v.isoformat() if isinstance(v, datetime.datetime) else _text(v) for v in payload]
        return types.ResponseOutput(
            name=name, datatype="BYTES", shape=[len(data), 1], data=[v.encode() if use_bytes else v for v in data],
            parameters=types.Parameters(content_type="datetime"),
        )  # fmt: skip

    @classmethod
    def decode_input(cls, request_input: types.RequestInput) -> list[datetime.datetime]:
        return [datetime.datetime.fromisoformat(_text(v).replace("Z", "+00:00")) for v in _elements(request_input.data)]


class RequestCodec:
    """Decodes requests and encodes responses."""

    ContentType = ""


class _FirstInput(RequestCodec):
    """Requests of one input."""

    InputCodec: type[InputCodec]

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return cls.InputCodec.can_encode(payload)

    @classmethod
    def decode_request(cls, request: types.InferenceRequest) -> Any:
        return cls.InputCodec.decode_input(request.inputs[0])

    @classmethod
    def encode_response(cls, model_name: str, payload: Any, model_version: str | None = None, **_: Any) -> types.InferenceResponse:
        output = cls.InputCodec.encode_output("output-1", payload)
        return types.InferenceResponse(model_name=model_name, model_version=model_version, outputs=[output])

    @classmethod
    def encode_request(cls, payload: Any, **_: Any) -> types.InferenceRequest:
        return types.InferenceRequest(inputs=[cls.InputCodec.encode_input("input-1", payload)])


class NumpyRequestCodec(_FirstInput):
    ContentType = "np"
    InputCodec = NumpyCodec


class StringRequestCodec(_FirstInput):
    ContentType = "str"
    InputCodec = StringCodec


class PandasCodec(RequestCodec):
    """A DataFrame, whose columns are the inputs."""

    ContentType = "pd"

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        return type(payload).__name__ == "DataFrame"

    @classmethod
    def decode_request(cls, request: types.InferenceRequest) -> Any:
        import pandas

        columns = {}
        for one in request.inputs:
            value = decode_request_input(one, _JSONColumn if _content_type(one) == _JSONColumn.ContentType else None)
            columns[one.name] = list(value) if getattr(value, "ndim", 1) > 1 and value.shape[1:] != (1,) else _elements(value)
        return pandas.DataFrame(columns)

    @classmethod
    def encode_response(cls, model_name: str, payload: Any, model_version: str | None = None, **_: Any) -> types.InferenceResponse:
        outputs = [_column(str(name), payload[name]) for name in payload.columns]
        return types.InferenceResponse(
            model_name=model_name, model_version=model_version, outputs=outputs, parameters=types.Parameters(content_type="pd")
        )

    @classmethod
    def encode_request(cls, payload: Any, **_: Any) -> types.InferenceRequest:
        columns = [_column(str(name), payload[name]) for name in payload.columns]
        inputs = [_as_input(one) for one in columns]
        return types.InferenceRequest(inputs=inputs, parameters=types.Parameters(content_type="pd"))


class _JSONColumn(StringCodec):
    """A column of what JSON can say."""

    ContentType = "pd_json"

    @classmethod
    def decode_input(cls, request_input: types.RequestInput) -> list[Any]:
        return [json.loads(_text(v)) for v in _elements(request_input.data)]


def _column(name: str, series: Any) -> types.ResponseOutput:
    values = series.to_numpy()
    if values.dtype.name == "object" and any(isinstance(v, (dict, list)) for v in values):
        column = StringCodec.encode_output(name, [json.dumps(v) for v in values])
        column.parameters = types.Parameters(content_type="pd_json")
        return column
    if values.dtype.name in _DATATYPES and values.dtype.name != "object":
        return NumpyCodec.encode_output(name, values)
    return StringCodec.encode_output(name, [str(v) for v in values])


_INPUT_CODECS: list[type[InputCodec]] = [NumpyCodec, StringCodec, Base64Codec, DatetimeCodec]
_REQUEST_CODECS: list[Any] = [PandasCodec, NumpyRequestCodec, StringRequestCodec]


def register_input_codec(codec: Any) -> Any:
    """A decorator: inputs of the codec's content type are decoded by it."""
    _INPUT_CODECS.insert(0, codec)
    return codec


def register_request_codec(codec: Any) -> Any:
    """A decorator: requests of the codec's content type are decoded by it."""
    _REQUEST_CODECS.insert(0, codec)
    return codec


def _content_type(said: Any) -> str | None:
    parameters = getattr(said, "parameters", None)
    return getattr(parameters, "content_type", None) if parameters else None


def decode_request_input(request_input: types.RequestInput, default_codec: Any = None) -> Any:
    """An input, by its content type, the codec given, or its datatype."""
    wanted = _content_type(request_input)
    for codec in _INPUT_CODECS:
        if codec.ContentType == wanted:
            return codec.decode_input(request_input)
    codec = default_codec or (StringCodec if _name(request_input.datatype) == "BYTES" else NumpyCodec)
    return codec.decode_input(request_input)


def decode_inference_request(request: types.InferenceRequest, default_codec: Any = None) -> Any:
    """A request, by its content type or the codec given; else its inputs by name."""
    wanted = _content_type(request)
    for codec in _REQUEST_CODECS:
        if codec.ContentType == wanted:
            return codec.decode_request(request)
    if default_codec is not None:
        return default_codec.decode_request(request)
    return {one.name: decode_request_input(one) for one in request.inputs}


def codec_for(payload: Any) -> Any:
    for codec in (*_INPUT_CODECS, PandasCodec):
        if codec.can_encode(payload):  # type: ignore[attr-defined]
            return codec
    raise ValueError(f"no codec for {type(payload).__name__}")


def encode_inference_response(payload: Any, model_name: str, model_version: str | None, default_codec: Any = None) -> types.InferenceResponse:
    """A response of an array, a list of text, a DataFrame, or of several by name or in order."""
    if isinstance(payload, types.InferenceResponse):
        return payload
    if default_codec is not None and hasattr(default_codec, "encode_response"):
        return default_codec.encode_response(model_name, payload, model_version)  # type: ignore[no-any-return]
    if PandasCodec.can_encode(payload):
        return PandasCodec.encode_response(model_name, payload, model_version)
    if isinstance(payload, dict):
        named = list(payload.items())
    else:
        several = payload if isinstance(payload, tuple) else (payload,)
        named = [(f"output-{i}", one) for i, one in enumerate(several)]
    outputs = [codec_for(one).encode_output(name, one) for name, one in named]
    return types.InferenceResponse(model_name=model_name, model_version=model_version, outputs=outputs)


def decode_args(predict: Any) -> Any:
    """Lets predict take the inputs by their names, and return what they are answered with."""

    @functools.wraps(predict)
    async def decoded(self: Any, request: types.InferenceRequest) -> types.InferenceResponse:
        given = {one.name: self.decode(one, _codec_of(predict, one.name)) for one in request.inputs}
        payload = await predict(self, **given)
        response = encode_inference_response(payload, self.name, self.version)
        response.id = request.id
        return response

    return decoded


def _codec_of(predict: Any, name: str) -> Any:
    hint = str(predict.__annotations__.get(name, ""))
    if "str" in hint:
        return StringCodec
    if "bytes" in hint:
        return Base64Codec
    return NumpyCodec if "ndarray" in hint else None

"""The types of the Open Inference Protocol, as mlserver.types has them. Data may be lists or arrays."""

from __future__ import annotations

from enum import Enum
from typing import Any

TAKES_ARRAYS = True


class _Type:
    """An object with the fields of its class, of which those not given are None. Others are kept, too."""

    _fields: tuple[str, ...] = ()
    _nothing: Any = {}

    def __init_subclass__(cls) -> None:
        cls._nothing = dict.fromkeys(cls._fields)

    def __init__(self, **given: Any) -> None:
        self.__dict__ = {**self._nothing, **given}

    def model_dump(self, exclude_none: bool = False, **_: Any) -> dict[str, Any]:
        return {k: _dumped(v, exclude_none) for k, v in vars(self).items() if v is not None or not exclude_none}

    dict = model_dump

    def model_dump_json(self, **options: Any) -> str:
        import json

        return json.dumps(self.model_dump(**options), default=lambda v: v.decode() if isinstance(v, bytes) else str(v))

    json = model_dump_json

    def model_copy(self, update: Any = None, **_: Any) -> Any:
        return type(self)(**{**vars(self), **(update or {})})

    copy = model_copy

    @classmethod
    def parse_obj(cls, value: Any) -> Any:
        return cls(**value)

    model_validate = parse_obj

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(" + ", ".join(f"{k}={v!r}" for k, v in vars(self).items()) + ")"


def _dumped(value: Any, exclude_none: bool) -> Any:
    if isinstance(value, _Type):
        return value.model_dump(exclude_none)
    if isinstance(value, list):
        return [_dumped(v, exclude_none) for v in value]
    return value.tolist() if hasattr(value, "tolist") else value


class Datatype(str, Enum):
    """The datatypes of tensors."""

    BOOL = "BOOL"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT32 = "UINT32"
    UINT64 = "UINT64"
    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    FP16 = "FP16"
    FP32 = "FP32"
    FP64 = "FP64"
    BYTES = "BYTES"


class Parameters(_Type):
    _fields = ("content_type", "headers")


class TensorData(list):  # type: ignore[type-arg]
    """A list that is its own root, since releases of MLServer differ in what they call it."""

    @property
    def root(self) -> list[Any]:
        return list(self)

    __root__ = root


class _Tensor(_Type):
    """What may have data. An array stays one until somebody asks for the data, which is a list then."""

    def __init__(self, **given: Any) -> None:
        if isinstance(given.get("parameters"), dict):
            given["parameters"] = Parameters(**given["parameters"])
        self.__dict__ = fields = {**self._nothing, **given}
        data = given.get("data")
        if data is None:
            return
        if hasattr(data, "dtype"):
            fields["_array"] = fields.pop("data")
        elif isinstance(data, (list, tuple)) and not isinstance(data, TensorData):
            fields["data"] = TensorData(data)

    def __getattr__(self, name: str) -> Any:
        if name == "data" and "_array" in vars(self):
            self.data = TensorData(self._array.reshape(-1).tolist())
            return self.data
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def model_dump(self, exclude_none: bool = False, **_: Any) -> dict[str, Any]:
        if "_array" in vars(self):
            self.data  # noqa: B018 - is a list from here on
        said = super().model_dump(exclude_none)
        said.pop("_array", None)
        return said

    dict = model_dump


def array_of(tensor: Any) -> Any:
    """The array that a tensor was made of, if nobody has looked at its data; else None."""
    fields = getattr(tensor, "__dict__", {})
    return None if "data" in fields else fields.get("_array")


class RequestInput(_Tensor):
    _fields = ("name", "shape", "datatype", "parameters", "data")


class ResponseOutput(_Tensor):
    _fields = ("name", "shape", "datatype", "parameters", "data")


class RequestOutput(_Tensor):
    _fields = ("name", "parameters")


class InferenceRequest(_Tensor):
    _fields = ("id", "parameters", "inputs", "outputs")


class InferenceResponse(_Tensor):
    _fields = ("model_name", "model_version", "id", "parameters", "outputs")


class MetadataTensor(_Tensor):
    _fields = ("name", "datatype", "shape", "parameters")


class MetadataModelResponse(_Tensor):
    _fields = ("name", "versions", "platform", "inputs", "outputs", "parameters")

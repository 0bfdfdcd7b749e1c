"""Datatypes by the names and numbers that Triton's Python backend has for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

TYPES: dict[str, Any] = {
    "BOOL": np.bool_, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "STRING": np.object_, "BYTES": np.object_,
}  # fmt: skip


TRITON_STRING_TO_NUMPY = {"TYPE_" + name: known for name, known in TYPES.items() if name != "BYTES"}
_NUMBERED = ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "STRING"]


def triton_string_to_numpy(triton_type_string: str) -> Any:
    """numpy's type for "TYPE_FP32"."""
    return TYPES.get(triton_type_string.replace("TYPE_", "", 1))


def triton_to_numpy_type(data_type: int) -> Any:
    """numpy's type for the number that Triton has for one."""
    return TYPES[_NUMBERED[data_type - 1]] if 1 <= data_type <= len(_NUMBERED) else None


def numpy_to_triton_type(data_type: Any) -> int:
    """The number that Triton has for a type of numpy's."""
    kind = np.dtype(data_type)
    for number, name in enumerate(_NUMBERED, 1):
        if kind == np.dtype(TYPES[name]):
            return number
    if kind.kind in "SU":
        return len(_NUMBERED)
    raise ValueError(f"Triton has no type for {data_type}")


def serialize_byte_tensor(input_tensor: Any) -> Any:
    """The elements of an array of bytes or text as one string of bytes: each behind its length, of 32 bits. None for other arrays."""
    if input_tensor.size == 0:
        return ()
    if input_tensor.dtype != np.object_ and input_tensor.dtype.kind != "S":
        return None
    elements = [v if isinstance(v, bytes) else str(v).encode() for v in input_tensor.reshape(-1).tolist()]
    return b"".join(len(v).to_bytes(4, "little") + v for v in elements)


def deserialize_bytes_tensor(encoded_tensor: bytes) -> Any:
    """What serialize_byte_tensor has made, as an array of bytes of one dimension."""
    elements, at = [], 0
    while at < len(encoded_tensor):
        begin = at + 4
        at = begin + int.from_bytes(encoded_tensor[at:begin], "little")
        if at > len(encoded_tensor):
            raise ValueError("the tensor ends within an element")
        elements.append(bytes(encoded_tensor[begin:at]))
    return np.array(elements, dtype=np.object_)


def array(data: Any, datatype: str, shape: Sequence[int]) -> Any:
    """The data of a request as an array; text as bytes, as Triton has it."""
    if datatype != "BYTES":
        return np.asarray(data, dtype=TYPES.get(datatype)).reshape(shape)
    flat = np.asarray(data, dtype=object).reshape(-1)
    out = np.empty(len(flat), dtype=object)
    out[:] = [v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in flat]
    return out.reshape(shape)

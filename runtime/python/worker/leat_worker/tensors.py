"""Arrays to and from raw bytes, as the frames carry them.

Where numpy can be imported what comes in is a read-only view of the bytes that
came, without a copy; where it cannot, nested lists. Each tensor begins at a
multiple of 8 from the start of the payload; what a request says of a tensor is
checked against the bytes that there are.
"""

from __future__ import annotations

import sys
from math import prod
from types import ModuleType

from .values import Unreadable

# Open Inference Protocol: (bytes an element, numpy's dtype, struct's and memoryview's format)
DATATYPES = {
    "BOOL": (1, "?", "?"),
    "UINT8": (1, "<u1", "B"),
    "UINT16": (2, "<u2", "H"),
    "UINT32": (4, "<u4", "I"),
    "UINT64": (8, "<u8", "Q"),
    "INT8": (1, "<i1", "b"),
    "INT16": (2, "<i2", "h"),
    "INT32": (4, "<i4", "i"),
    "INT64": (8, "<i8", "q"),
    "FP16": (2, "<f2", "e"),
    "FP32": (4, "<f4", "f"),
    "FP64": (8, "<f8", "d"),
    "BF16": (2, "<u2", "H"),
}
_NAMES = {
    "?": "BOOL", "B": "UINT8", "H": "UINT16", "I": "UINT32", "Q": "UINT64", "L": "UINT64",
    "b": "INT8", "h": "INT16", "i": "INT32", "q": "INT64", "l": "INT64", "e": "FP16", "f": "FP32", "d": "FP64",
}  # fmt: skip


class Wrong(Unreadable):
    """The tensors of a frame are not what its metadata says."""


def numpy(load: bool = False) -> ModuleType | None:
    """numpy if the user's code has imported it; with `load`, if it can be imported."""
    global _absent
    module = sys.modules.get("numpy")
    if module is None and load and not _absent:
        try:
            import numpy as module
        except ImportError:
            _absent = True  # to look for it again takes longer than a call
    return module


_absent = False


_known: dict[object, str] = {}  # by dtype, since to ask one for its name takes longer than all else


def datatype(array: object) -> str:
    """The protocol's name of an array's type, or nothing if its elements are not raw numbers."""
    dtype = array.dtype  # type: ignore[attr-defined]
    name = _known.get(dtype)
    if name is None:
        name = "BF16" if dtype.name == "bfloat16" else _NAMES.get(dtype.char, "")
        if dtype.char in ("l", "L"):  # 4 bytes in some systems, 8 in others
            name = ("INT" if dtype.char == "l" else "UINT") + str(dtype.itemsize * 8)
        if len(_known) < 1000:
            _known[dtype] = name
    return name


def is_array(value: object) -> bool:
    """Whether the value is one of numpy's arrays whose elements are raw numbers."""
    np = sys.modules.get("numpy")
    return np is not None and isinstance(value, np.ndarray) and datatype(value) != ""


def unpack(meta: dict[str, object], payload: bytes | memoryview, load: bool = False) -> dict[str, object]:
    """The tensors of a frame by name, in their order: arrays where there is numpy, else lists."""
    said = meta.get("tensors")
    if not isinstance(said, list):
        raise Wrong("the frame has tensors, and its metadata does not say which")
    np = numpy(load)
    view, at, out = memoryview(payload), 0, {}
    for i, one in enumerate(said):
        name, kind, shape = str(one.get("name") or i), one.get("datatype"), one.get("shape")
        if name in out:
            name = f"{name}.{i}"
        if kind == "BYTES":
            out[name] = _strings(one.get("data"), shape, np)
            continue
        if kind not in DATATYPES or not isinstance(shape, list):
            raise Wrong(f"tensor {name}: datatype {kind}, shape {shape}")
        n = prod(shape) * DATATYPES[kind][0]
        if n < 0 or at + n > len(view):
            raise Wrong(f"tensor {name}: {n} bytes at {at}, of {len(view)}")
        out[name] = _array(np, kind, shape, view[at : at + n]) if np else _nested(kind, shape, view[at : at + n])
        at += (n + 7) & ~7
    return out


_dtypes: dict[str, object] = {}  # numpy's, by the protocol's name: to make one of text takes as long as all else


def _array(np: ModuleType, kind: str, shape: list[int], data: memoryview) -> object:
    dtype = _dtypes.get(kind)
    if dtype is None:
        dtype = _dtypes[kind] = np.dtype(DATATYPES[kind][1])
    array = np.frombuffer(data, dtype)
    if len(shape) != 1 or array.size != shape[0]:
        array = array.reshape(shape)
    if kind != "BF16":
        return array
    types = sys.modules.get("ml_dtypes")
    if types is not None:
        return array.view(types.bfloat16)
    return (array.astype("<u4") << 16).view("<f4")


def _nested(kind: str, shape: list[int], data: memoryview) -> object:
    import struct

    count = prod(shape)
    flat = list(struct.unpack(f"<{count}{DATATYPES[kind][2]}", data))
    if kind == "BF16":
        flat = list(struct.unpack(f"<{count}f", b"".join(b"\0\0" + struct.pack("<H", v) for v in flat)))
    return reshape(flat, shape)


def reshape(flat: list[object], shape: list[int]) -> object:
    """The elements as lists in lists; one element for no dimensions."""
    if not shape:
        return flat[0]
    if len(shape) == 1:
        return flat
    step = prod(shape[1:])
    return [reshape(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def _strings(data: object, shape: object, np: ModuleType | None) -> object:
    if not isinstance(data, list) or not isinstance(shape, list) or len(data) != prod(shape):
        raise Wrong("a tensor of BYTES whose data does not have its shape")
    if np is None:
        return reshape(data, shape)
    array = np.empty(len(data), dtype=object)
    array[:] = data
    return array.reshape(shape)


def pack(arrays: list[tuple[str, object]]) -> tuple[list[dict[str, object]], list[bytes | memoryview]]:
    """What the metadata says of named arrays, and the buffers of their elements, padded."""
    said, buffers = [], []
    for name, array in arrays:
        kind, shape = datatype(array), list(array.shape)  # type: ignore[attr-defined]
        if not kind:
            flat = [_text(v) for v in array.reshape(-1).tolist()]  # type: ignore[attr-defined]
            said.append({"name": name, "datatype": "BYTES", "shape": shape, "data": flat})
            continue
        said.append({"name": name, "datatype": kind, "shape": shape})
        buffers += padded(array)
    return said, buffers


def padded(array: object) -> list[bytes | memoryview]:
    """The buffers of an array's elements: up to a multiple of 8 bytes."""
    data = _raw(array)
    return [data, bytes(-len(data) % 8)] if len(data) % 8 else [data]


def _raw(array: object) -> bytes | memoryview:
    """The elements in order, little-endian; without a copy where they lie so already."""
    if not array.size:  # type: ignore[attr-defined]
        return b""
    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big"):  # type: ignore[attr-defined]
        array = array.astype(array.dtype.newbyteorder("<"))  # type: ignore[attr-defined]
    if array.nbytes < 4096 or not array.flags.c_contiguous:  # type: ignore[attr-defined]
        return array.tobytes()  # type: ignore[attr-defined]
    return memoryview(array.reshape(-1).view("u1"))  # type: ignore[attr-defined]


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)

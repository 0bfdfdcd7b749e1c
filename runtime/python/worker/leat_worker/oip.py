"""Requests and answers of the Open Inference Protocol, as frames bring them and as frames take them."""

from __future__ import annotations

import struct
from math import prod

from . import answers, tensors, values
from .answers import Answer
from .wire import TENSORS, Frame


class Input:
    """One tensor of a request. `data` is an array if it came as raw bytes and there is numpy, else a list."""

    __slots__ = ("data", "datatype", "name", "parameters", "shape")

    def __init__(self, name: str, datatype: str, shape: list[int], data: object, parameters: object = None) -> None:
        self.name = name
        self.datatype = datatype
        self.shape = shape
        self.data = data
        self.parameters = parameters


class Request:
    """The inputs of a request, its parameters and what outputs it wants."""

    def __init__(self, inputs: list[Input], parameters: object, outputs: object, identity: object) -> None:
        self.inputs = inputs
        self.parameters = parameters
        self.outputs = outputs
        self.id = identity


def read(frame: Frame, meta: dict[str, object]) -> Request:
    """The request of a call: raw tensors, or a JSON document."""
    if frame.flags & TENSORS:
        arrays = tensors.unpack(meta, frame.payload, load=True)
        said = meta["tensors"]
        inputs = [
            Input(name, one["datatype"], one["shape"], data, one.get("parameters"))
            for (name, data), one in zip(arrays.items(), said)  # type: ignore[call-overload]
        ]
        return Request(inputs, meta.get("params"), meta.get("outputs"), meta.get("id"))
    body = answers.body_of(frame, meta)
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise tensors.Wrong('Expected key "inputs" in request body, a list')
    inputs = [_input(i, one) for i, one in enumerate(body["inputs"])]
    return Request(inputs, body.get("parameters"), body.get("outputs"), body.get("id", meta.get("id")))


def _input(i: int, said: object) -> Input:
    if isinstance(said, dict) and "data" in said:
        data = said["data"]
        shape = said.get("shape") or [len(data)]
        return Input(str(said.get("name") or i), str(said.get("datatype") or _guess(data)), shape, data, said.get("parameters"))
    raise tensors.Wrong(f"inputs[{i}] is no tensor: name, shape, datatype and data are expected")


def _guess(data: object) -> str:
    while isinstance(data, list) and data:
        data = data[0]
    if isinstance(data, bool):
        return "BOOL"
    return {int: "INT64", float: "FP64"}.get(type(data), "BYTES")


class Output:
    """One tensor of an answer: an array, or data with a datatype and shape."""

    __slots__ = ("data", "datatype", "name", "parameters", "shape")

    def __init__(self, name: str, datatype: str, shape: list[int], data: object, parameters: object = None) -> None:
        self.name = name
        self.datatype = datatype
        self.shape = shape
        self.data = data
        self.parameters = parameters


def write(outputs: list[Output], parameters: object = None) -> Answer:
    """The answer of a call, all of it as tensors."""
    said: list[dict[str, object]] = []
    buffers: list[bytes | memoryview] = []
    for one in outputs:
        if tensors.is_array(one.data) and not _narrows(one):
            array = one.data
            if prod(one.shape) == array.size:  # type: ignore[attr-defined]
                array = array.reshape(one.shape)  # type: ignore[attr-defined] - [n, 1] for n elements, as MLServer has it
            about, parts = tensors.pack([(one.name, array)])
            said += about
            buffers += parts
        else:
            said.append(_listed(one, buffers))
        if one.parameters:
            said[-1]["parameters"] = one.parameters
    meta: dict[str, object] = {"tensors": said}
    if parameters:
        meta["params"] = parameters
    return TENSORS, meta, buffers


def _narrows(one: Output) -> bool:
    """Whether an array of floats is to be of BF16, which numpy does not have."""
    return one.datatype == "BF16" and tensors.datatype(one.data) in ("FP16", "FP32", "FP64")


def _listed(one: Output, buffers: list[bytes | memoryview]) -> dict[str, object]:
    """A tensor whose elements are Python's."""
    flat = list(_flat(one.data))
    shape = [int(n) for n in one.shape]
    if prod(shape) != len(flat):
        if one.datatype != "BYTES" or len(flat) != 1:
            raise values.Unwritable(f"output {one.name}: {len(flat)} elements for shape {shape}")
        shape = [1]  # the length of the text in the place of the shape, as examples of MLServer's have it
    about: dict[str, object] = {"name": one.name, "datatype": one.datatype, "shape": shape}
    if one.datatype == "BYTES":
        about["data"] = [v.decode("utf-8", "surrogateescape") if isinstance(v, bytes) else str(v) for v in flat]
        return about
    if one.datatype not in tensors.DATATYPES:
        raise values.Unwritable(f"output {one.name}: datatype {one.datatype}")
    try:
        if one.datatype == "BF16":
            flat = [_bfloat(v) for v in flat]
        data = struct.pack(f"<{len(flat)}{tensors.DATATYPES[one.datatype][2]}", *flat)
    except (struct.error, OverflowError) as exc:
        raise values.Unwritable(f"output {one.name}, {one.datatype}: {exc}") from None
    buffers.append(data + bytes(-len(data) % 8))
    return about


def _bfloat(value: object) -> int:
    """The bits of the number of BF16 that is nearest, of two the even one: the upper half of an FP32."""
    bits: int = struct.unpack("<I", struct.pack("<f", value))[0]
    if bits & 0x7FFFFFFF > 0x7F800000:  # NaN stays one
        return bits >> 16 | 0x40
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def _flat(data: object) -> object:
    if hasattr(data, "tolist"):
        data = data.tolist()  # type: ignore[attr-defined]
    if isinstance(data, (list, tuple)):
        for one in data:
            yield from _flat(one)  # type: ignore[misc]
    else:
        yield data

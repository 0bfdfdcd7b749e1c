"""Python values to and from JSON.

Results are written as MLRun's users expect: tuples are lists, numpy's and
pandas' objects are lists and numbers, moments are text as str makes them,
NaN and the infinities are null. Whatever else json does not know is a
TypeError that says where in the result it is.
"""

from __future__ import annotations

import json
import sys
from json.encoder import encode_basestring_ascii

_decoder = json.JSONDecoder()
_scan = _decoder.scan_once


class Unwritable(TypeError):
    """A part of a result cannot be encoded."""


class Unreadable(ValueError):
    """What a request brings is not what it should be."""


def loads(data: bytes | memoryview) -> object:
    """The value of a JSON document. ValueError if it is none."""
    text = str(data, "utf-8")
    if text[:1] in ("{", "["):
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            return _decoder.decode(text)  # tells what is wrong
        if end == len(text):
            return value
    return _decoder.decode(text)


def _plain(value: object) -> object:
    """What json does not know, as something it knows."""
    to_list = getattr(value, "tolist", None)  # numpy, pandas' Series and Index, array, torch
    if to_list is not None and not isinstance(value, type):
        return to_list()
    kind = type(value)
    if _is_frame(kind):
        return value.values.tolist()  # type: ignore[attr-defined]
    datetime = sys.modules.get("datetime")
    if datetime and isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return str(value)
    if kind.__name__ == "EagerTensor" and hasattr(value, "numpy"):
        return value.numpy().tolist()  # type: ignore[attr-defined]
    raise TypeError(f"Object of type {kind.__name__} is not JSON serializable")


def _is_frame(kind: type) -> bool:
    return kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] in ("pandas", "polars", "modin")


def _encoder() -> object:
    """A function (value, 0) -> chunks of text; one for all calls, since making it costs as much as using it."""
    make = json.encoder.c_make_encoder
    if make is None:
        return json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain).iterencode
    return make(None, _plain, encode_basestring_ascii, None, ":", ",", False, False, False)


_encode = _encoder()


def dumps(value: object, name: str = "result") -> bytes:
    """The value as JSON. Unwritable names the place in it, beginning with the name."""
    try:
        return "".join(_encode(value, 0)).encode()  # type: ignore[operator]
    except (TypeError, ValueError, RecursionError):
        return "".join(_encode(_clean(value, name, ()), 0)).encode()  # type: ignore[operator]


_PLAIN = (str, int, type(None))


def _clean(value: object, path: str, above: tuple[int, ...]) -> object:
    """A copy with null for what is no finite number; Unwritable says what cannot be written."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if id(value) in above:
        raise Unwritable(f"{path}: the value contains itself")
    if len(above) > 300:
        raise Unwritable(f"{path}: nested too deep")
    above += (id(value),)
    if isinstance(value, dict):
        return {_key(k, path): _clean(v, _member(path, k), above) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(v, f"{path}[{i}]", above) for i, v in enumerate(value)]
    try:
        plain = _plain(value)
    except TypeError as exc:
        raise Unwritable(f"{path}: {exc}") from None
    return _clean(plain, path, above)


def _key(key: object, path: str) -> object:
    if hasattr(key, "dtype") and hasattr(key, "item"):
        key = key.item()  # numpy's, as of counts of labels
    if isinstance(key, (str, int, float, bool, type(None))):
        return key if not isinstance(key, float) or key - key == 0 else str(key)
    raise Unwritable(f"{path}: keys must be str, int, float, bool or None, not {type(key).__name__}")


def _member(path: str, key: object) -> str:
    return f"{path}.{key}" if isinstance(key, str) and key.isidentifier() else f"{path}[{key!r}]"

"""Reads Triton's config.pbtxt, protocol buffers' text format, into what JSON would say.

Source of the format: protobuf.dev, "Text Format Language Specification".
"""

from __future__ import annotations

import re

_SPACE = re.compile(r"(?:\s+|#[^\n]*)*")
_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<word>[A-Za-z_][\w.]*)|(?P<number>[-+]?[\d.][\w.+-]*)|(?P<mark>[{}\[\]<>:,;-])"""
)
_LISTS = frozenset(("input", "output", "instance_group", "dims", "shape", "step", "model_warmup", "batch_input", "batch_output"))
_MAPS = frozenset(("parameters", "cc_model_filenames", "metric_tags", "model_map", "input_map", "output_map"))
_DEPTH = 50


class Unreadable(ValueError):
    """The text is no configuration."""


def loads(text: str) -> dict[str, object]:
    """The configuration, with lists for what may be repeated and objects for maps."""
    tokens = _tokens(text)
    fields, at = _fields(tokens, 0, "", 0)
    if at < len(tokens):
        raise Unreadable(f"{tokens[at][1]} ends nothing")
    return fields


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], _SPACE.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unreadable(f"line {text.count(chr(10), 0, at) + 1}: {text[at : at + 20]!r} is not understood")
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind)))
        at = _SPACE.match(text, match.end()).end()  # type: ignore[union-attr]
    return found


def _fields(tokens: list[tuple[str, str]], at: int, end: str, depth: int) -> tuple[dict[str, object], int]:
    if depth > _DEPTH:
        raise Unreadable("nested too deep")
    fields: dict[str, object] = {}
    while at < len(tokens) and tokens[at][1] != end:
        kind, name = tokens[at]
        if kind == "mark" and name in ",;":
            at += 1
            continue
        if kind != "word":
            raise Unreadable(f"{name} in the place of a field's name")
        value, at = _value(tokens, at + 1, depth)
        _put(fields, name, value)
    if end and at >= len(tokens):
        raise Unreadable(f"{end} is missing")
    return fields, at


def _put(fields: dict[str, object], name: str, value: object) -> None:
    several = value if isinstance(value, list) else [value]
    if name in _MAPS and all(isinstance(v, dict) and "key" in v for v in several):
        for one in several:
            fields.setdefault(name, {})[one["key"]] = one.get("value")  # type: ignore[index]
    elif name in _LISTS or isinstance(value, list):
        fields[name] = [*fields.get(name, []), *several]  # type: ignore[misc]
    else:
        fields[name] = value


def _value(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[object, int]:
    if at < len(tokens) and tokens[at][1] == ":":
        at += 1
    if at >= len(tokens):
        raise Unreadable("a value is missing")
    kind, text = tokens[at]
    if text in ("{", "<") and kind == "mark":
        fields, at = _fields(tokens, at + 1, "}" if text == "{" else ">", depth + 1)
        return fields, at + 1
    if text == "[" and kind == "mark":
        return _list(tokens, at + 1, depth)
    if kind == "text":
        parts = []
        while at < len(tokens) and tokens[at][0] == "text":
            parts.append(_unquoted(tokens[at][1]))
            at += 1
        return "".join(parts), at
    return _scalar(kind, text), at + 1


def _list(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[list[object], int]:
    if depth > _DEPTH:
        raise Unreadable("nested too deep")
    values: list[object] = []
    while at < len(tokens) and tokens[at][1] != "]":
        if tokens[at] == ("mark", ","):
            at += 1
            continue
        value, at = _value(tokens, at, depth + 1)
        values.append(value)
    if at >= len(tokens):
        raise Unreadable("] is missing")
    return values, at + 1


def _scalar(kind: str, text: str) -> object:
    if kind == "word":
        return {"true": True, "True": True, "false": False, "False": False}.get(text, text)
    if kind != "number":
        raise Unreadable(f"{text} in the place of a value")
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return float(text.rstrip("fF"))
    except ValueError:
        raise Unreadable(f"{text} is no number") from None


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group(1)), text[1:-1], flags=re.DOTALL)

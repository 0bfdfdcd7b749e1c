"""What the user's code returned, as the flags, metadata and payload of a frame."""

from __future__ import annotations

from . import events, tensors, values
from .wire import BYTES, JSON, TENSORS, TEXT, WHOLE, Frame

# Flags, metadata, payload: bytes, or several buffers.
Answer = tuple[int, "dict[str, object] | None", "bytes | list[bytes | memoryview]"]

NOTHING: Answer = (0, None, b"")
FILTERED: Answer = (WHOLE, {"filtered": True}, b"")


def body_of(frame: Frame, meta: dict[str, object], load: bool = False) -> object:
    """The body that a call brings, as a Python value."""
    flags = frame.flags
    if flags & JSON:
        try:
            return values.loads(frame.payload)
        except (ValueError, RecursionError) as exc:
            raise values.Unreadable(f"failed to json decode event, {exc}") from None
    if flags & TEXT:
        return str(frame.payload, "utf-8")
    if flags & BYTES:
        return bytes(frame.payload)
    if flags & TENSORS:
        arrays = tensors.unpack(meta, frame.payload, load)
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays
    return None


def of(result: object, name: str = "result") -> Answer:
    """The answer of a step: its result by type."""
    kind = type(result)
    if kind is dict or kind is list:
        return JSON, None, values.dumps(result, name)
    if result is None:
        return NOTHING
    if isinstance(result, str):
        return TEXT, None, result.encode("utf-8", "replace")  # type: ignore[attr-defined]
    if isinstance(result, (bytes, bytearray, memoryview)):
        return BYTES, None, bytes(result)
    if tensors.is_array(result):
        return of_arrays([("", result)])
    if events.is_response(result):
        return of_response(result)
    return JSON, None, values.dumps(result, name)


class Written(dict):  # type: ignore[type-arg]
    """Metadata whose JSON is known."""

    __slots__ = ("text",)


_written: dict[object, Written] = {}  # by name, type and shape of the only array of an answer: that of most


def of_arrays(arrays: list[tuple[str, object]]) -> Answer:
    if len(arrays) > 1:
        said, buffers = tensors.pack(arrays)
        return TENSORS, {"tensors": said}, buffers
    name, array = arrays[0]
    key = name, array.dtype, array.shape  # type: ignore[attr-defined]
    known = _written.get(key)
    if known is not None:
        return TENSORS, known, tensors.padded(array)
    said, buffers = tensors.pack(arrays)
    known = Written(tensors=said)
    known.text = values.dumps(known, "metadata")
    if len(known.text) < 256 and "data" not in said[0]:  # of text the elements are there
        if len(_written) >= 256:
            _written.clear()
        _written[key] = known
    return TENSORS, known, buffers


def of_response(response: object) -> Answer:
    """A response of the user's own: its status, headers and content type go with it."""
    flags, meta, payload = of(response.body, "body")  # type: ignore[attr-defined]
    meta = dict(meta or {})
    meta["status"] = int(response.status_code or 200)  # type: ignore[attr-defined]
    content_type = getattr(response, "content_type", None)
    if content_type:
        # Who gives a document and says nothing of its type gets the default of text.
        meta["content_type"] = "application/json" if flags & JSON and content_type == "text/plain" else content_type
    headers = getattr(response, "headers", None)
    if headers:
        meta["headers"] = {str(k): str(v) for k, v in dict(headers).items()}
    return flags | WHOLE, meta, payload


def of_event(event: object, asked: dict[str, object]) -> Answer:
    """An event that a step has returned: its body, and what is new of it."""
    flags, meta, payload = of(event.body, "event.body")  # type: ignore[attr-defined]
    new = events.changes(event, asked)
    if new:
        meta = {**(meta or {}), **new}
        flags |= WHOLE
    return flags, meta, payload


def of_call(result: object, asked: dict[str, object]) -> Answer:
    """The answer of a step that may return an event or a body."""
    return of_event(result, asked) if events.is_event(result) else of(result)

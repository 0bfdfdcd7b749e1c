"""Events and responses, as MLRun's and nuclio's steps know them."""

from __future__ import annotations

DEFAULT_PATH = "/"


class Trigger:
    """What an event came through."""

    def __init__(self, kind: str = "", name: str = "") -> None:
        self.kind = kind
        self.name = name


class Response:
    """An answer with a status, headers and a content type of its own."""

    def __init__(
        self,
        headers: dict[str, str] | None = None,
        body: object = None,
        content_type: str | None = None,
        status_code: int = 200,
        event_id: str | None = None,
    ) -> None:
        self.headers = headers or {}
        self.body = body
        self.status_code = status_code
        self.content_type = content_type or "text/plain"
        self.event_id = event_id

    def __repr__(self) -> str:
        return "Response(" + ", ".join(f"{k}={v!r}" for k, v in vars(self).items()) + ")"


class Event:
    """One event. Steps may change it, and put attributes of their own on it."""

    # What most events do not have is on the class, so that making one is cheap.
    content_type = ""
    error: object = None
    origin_state: str | None = None
    terminated = False
    key: object = None
    offset = 0
    shard_id = 0
    num_shards = 0
    size = 0
    type = type_version = version = url = topic = stream_path = None
    last_in_batch = False
    _time = ""

    def __init__(
        self,
        body: object = None,
        content_type: str | None = None,
        headers: dict[str, str] | None = None,
        method: str | None = None,
        path: str | None = None,
        event_id: str | None = None,
        trigger: Trigger | None = None,
        offset: int | None = None,
        time: object = None,
        **others: object,
    ) -> None:
        self.id = event_id
        self.key = ""
        self.body = body
        self.headers = headers or {}
        self.method = method
        self.path = path or DEFAULT_PATH
        self.trigger = trigger or Trigger()
        self.fields: dict[str, object] = {}
        if content_type:
            self.content_type = content_type
        if offset:
            self.offset = offset
        if time:
            self.timestamp = time
        if "_id" in others:  # as nuclio's own constructor has it
            self.id = others.pop("_id")  # type: ignore[assignment]
        vars(self).update(others)

    def __getattr__(self, name: str) -> object:
        if name in ("timestamp", "processing_time") and self._time:
            self.timestamp = moment(self._time)
            return self.timestamp
        raise AttributeError(f"the event has no {name}")

    def get_header(self, name: str) -> str | None:
        """The header of that name, in whatever case."""
        name = name.lower()
        for key, value in self.headers.items():
            if key.lower() == name:
                return value
        return None

    def __repr__(self) -> str:
        error = f", error={self.error}" if self.error else ""
        return f"Event(id={self.id}, body={self.body}, method={self.method}, path={self.path}{error})"

    __str__ = __repr__


def moment(text: str) -> object:
    """A moment in RFC 3339, of which Python keeps the microseconds."""
    from datetime import datetime

    text = text.replace("Z", "+00:00").replace(" ", "T")
    date, dot, rest = text.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{date}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
    return datetime.fromisoformat(text)


def from_call(meta: dict[str, object], body: object) -> Event:
    """The event that a CALL is about."""
    event = Event.__new__(Event)
    event.__dict__ = {
        "id": meta.get("id"),
        "body": body,
        "headers": dict(meta["headers"]) if "headers" in meta else {},  # type: ignore[call-overload]
        "method": meta.get("method"),
        "path": meta.get("path", DEFAULT_PATH),
        "trigger": _trigger(meta.get("trigger")),
        "fields": {},
        "key": meta.get("key", ""),
    }
    for name in ("content_type", "error", "origin_state", "offset", "topic", "terminated", "stream_path"):
        if name in meta:
            setattr(event, name, meta[name])
    if "time" in meta:
        event._time = str(meta["time"])
    return event


def _trigger(said: object) -> Trigger:
    if isinstance(said, dict):
        return Trigger(said.get("kind") or "", said.get("name") or "")
    return Trigger(str(said or ""))


def changes(event: object, meta: dict[str, object]) -> dict[str, object]:
    """What a step has changed of the event that the call was about."""
    new: dict[str, object] = {}
    for name, default in (("path", DEFAULT_PATH), ("key", ""), ("id", None), ("content_type", "")):
        value = getattr(event, name, default)
        if value != meta.get(name, default):
            new[name] = value if isinstance(value, (str, int, float, type(None))) else str(value)
    headers = getattr(event, "headers", None) or {}
    if headers != (meta.get("headers") or {}):
        new["headers"] = {str(k): str(v) for k, v in dict(headers).items()}
    if getattr(event, "terminated", False):
        new["terminated"] = True
    return new


def is_event(value: object) -> bool:
    """Whether a step has returned an event, ours or another package's, rather than a body."""
    return isinstance(value, Event) or (_has(value, "body") and _has(value, "path") and not _has(value, "status_code"))


def is_response(value: object) -> bool:
    """Whether a step has returned a response, ours, nuclio's or MLRun's."""
    return isinstance(value, Response) or (_has(value, "status_code") and _has(value, "body"))


def _has(value: object, name: str) -> bool:
    """Whether an object or its class has an attribute, which a table with a column of that name has not."""
    return name in getattr(value, "__dict__", ()) or hasattr(type(value), name)

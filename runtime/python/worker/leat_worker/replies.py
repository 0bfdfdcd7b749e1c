"""Sends answers, by the shared file where they are large and there is room for them."""

from __future__ import annotations

from . import values, wire
from .answers import Answer, Written
from .sharedmem import Shared
from .wire import Connection, Frame


class Replies:
    """The way of answers to the server, from any thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.shared: Shared | None = None

    def send(self, kind: int, frame: Frame, answer: Answer) -> None:
        """Answers a call, or gives a part of the answer."""
        flags, said, payload = answer
        if type(payload) is not bytes:
            size = sum(map(len, payload))
            if size >= wire.LARGE:
                self._large(kind, flags, frame, said, payload, size)  # type: ignore[arg-type]
                return
            payload = b"".join(payload)
        size = len(payload)
        if size >= wire.LARGE:
            self._large(kind, flags, frame, said, [payload], size)
            return
        meta = _text(said)
        self._connection.send(
            wire.HEADER.pack(16 + len(meta) + size, kind, flags, frame.object, frame.call, len(meta)) + meta + payload
        )

    def _large(
        self, kind: int, flags: int, frame: Frame, said: dict[str, object] | None, payload: list[bytes | memoryview], size: int
    ) -> None:
        if kind == wire.OK and self.shared is not None and b'"room":' in frame.meta:
            room = values.loads(frame.meta).get("room")  # type: ignore[attr-defined]
            place = self.shared.write(room, payload, size) if room is not None else None
            if place:
                flags, said, payload, size = flags | wire.SHM, {**(said or {}), "shm": place}, [], 0
        meta = _text(said)
        most = self._connection.max_frame
        if wire.AFTER_SIZE + len(meta) + size > most or len(meta) > wire.MAX_META:
            raise values.Unwritable(f"the result takes {len(meta) + size} bytes, more than a frame can ({most})")
        self._connection.send_large(wire.head(kind, flags, frame.object, frame.call, meta, size), payload)

    def fetch(self, frame: Frame, place: object) -> None:
        """Takes the payload of a call from the shared file."""
        if self.shared is None:
            raise ValueError("the payload is in a shared file, and there is none")
        frame.payload = self.shared.read(place)


def _text(said: dict[str, object] | None) -> bytes:
    if type(said) is Written:
        return said.text
    return values.dumps(said, "metadata") if said else b""

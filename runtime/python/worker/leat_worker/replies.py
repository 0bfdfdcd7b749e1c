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
        self.holding = False  # small answers wait for the next frame that is sent
        self._asked: tuple[bytes, object] = (b"", None)  # metadata of a call, and the room that it has for an answer

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
        data = wire.HEADER.pack(16 + len(meta) + size, kind, flags, frame.object, frame.call, len(meta)) + meta + payload
        if self.holding and kind == wire.OK:
            self._connection.hold(data)
        else:
            self._connection.send(data)

    def _large(
        self, kind: int, flags: int, frame: Frame, said: dict[str, object] | None, payload: list[bytes | memoryview], size: int
    ) -> None:
        meta = _text(said)
        if kind == wire.OK and self.shared is not None and b'"room":' in frame.meta:
            room = self._room(frame.meta)
            if room is not None and self.shared.write(room, payload, size):
                meta = (meta[:-1] + b"," if meta else b"{") + b'"shm":[%d,%d]}' % (room[0], size)  # type: ignore[index]
                flags, payload, size = flags | wire.SHM, [], 0
        most = self._connection.max_frame
        if wire.AFTER_SIZE + len(meta) + size > most or len(meta) > wire.MAX_META:
            raise values.Unwritable(f"the result takes {len(meta) + size} bytes, more than a frame can ({most})")
        head = wire.head(kind, flags, frame.object, frame.call, meta, size)
        if payload:
            self._connection.send_large(head, payload)
        else:
            self._connection.send(head)

    def _room(self, meta: bytes) -> object:
        """Where an answer may be put: mostly where the last one was."""
        asked = self._asked
        if meta != asked[0]:
            asked = self._asked = meta, values.loads(meta).get("room")  # type: ignore[attr-defined]
        return asked[1]

    def fetch(self, frame: Frame, place: object) -> None:
        """Takes the payload of a call from the shared file."""
        if self.shared is None:
            raise ValueError("the payload is in a shared file, and there is none")
        frame.payload = self.shared.read(place)


def _text(said: dict[str, object] | None) -> bytes:
    if type(said) is Written:
        return said.text
    return values.dumps(said, "metadata") if said else b""

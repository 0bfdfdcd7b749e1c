"""Frames on a stream socket: a length, a header of fixed size, metadata, a payload."""

from __future__ import annotations

import _socket
import _thread
import os
import struct
from collections import deque

from .vigil import Vigil

HEADER = struct.Struct("<IBBHQI")  # size, kind, flags, object, call, length of the metadata
AFTER_SIZE = HEADER.size - 4  # the least that a frame's size can be
MAX_META = 16 << 20
CHUNK = (128 << 10) - 64  # read at once; the C library maps larger blocks afresh each time

# What the server asks.
CONFIG, DESCRIBE, CREATE, LOAD, CALL, CANCEL, CLOSE, ANSWER, PING, MORE = range(1, 11)
_URGENT = (CANCEL, ANSWER, MORE)
# What the worker says.
OK, ERROR, LOG, PART, ASK, BOX = range(128, 134)

# What the payload is.
JSON, TENSORS, TEXT, BYTES, SHM, WHOLE, EVENT = 1, 2, 4, 8, 16, 32, 64

MAX_BUFFERS = 500  # sent at once; the system takes 1024
LARGE = 32 << 10  # a payload from here on is sent from where it is, without being joined to its header


class Closed(Exception):
    """The other side is gone, or this one has closed."""


class Malformed(Exception):
    """What came is no frame. The connection cannot be trusted any more."""


class Frame:
    """One frame that came. The payload is bytes, or a memoryview where it is large."""

    __slots__ = ("at", "call", "doing", "flags", "kind", "meta", "object", "payload")

    def __init__(self, kind: int, flags: int, obj: int, call: int, meta: bytes, payload: bytes | memoryview) -> None:
        self.kind = kind
        self.flags = flags
        self.object = obj
        self.call = call
        self.meta = meta
        self.payload = payload
        self.doing = ""  # what the user's code is doing with it
        self.at: object = None  # the function that does


def head(kind: int, flags: int, obj: int, call: int, meta: bytes, payload: int) -> bytes:
    """The beginning of a frame with so many bytes of payload: all but the payload."""
    return HEADER.pack(AFTER_SIZE + len(meta) + payload, kind, flags, obj, call, len(meta)) + meta


def frame(kind: int, flags: int, obj: int, call: int, meta: bytes = b"", payload: bytes = b"") -> bytes:
    """A whole frame."""
    return HEADER.pack(AFTER_SIZE + len(meta) + len(payload), kind, flags, obj, call, len(meta)) + meta + payload


_LOOK = frame(BOX, 0, 0, 0)


class Connection:
    """The socket to the server. Any thread may send; who reads holds `reading`."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self.socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, fd)
        self.max_frame = 1 << 30
        self.reading = _thread.allocate_lock()
        self._sending = _thread.allocate_lock()
        self.vigil = Vigil()
        self._rest = b""  # the beginning of a frame whose end has not come yet
        self.held: list[bytes] = []  # frames that leave in front of the next
        self.left = 0  # how often some have

    def read(self, frames: deque[Frame], urgent: deque[Frame], wait: bool = True) -> bool:
        """Reads once and appends the frames that are complete; those that cannot wait for the user's
        code to be done with others are kept apart. False: nothing was there to be read."""
        if wait:
            self.vigil.wait()
        try:
            data = self.socket.recv(CHUNK) if wait else self.socket.recv(CHUNK, _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError as exc:
            raise Closed(str(exc)) from exc
        if not data:
            raise Closed("the server has closed the connection")
        self.vigil.read(len(data))
        if self._rest:
            data = self._rest + data
        self._rest = self._split(data, frames, urgent)
        return True

    def _split(self, data: bytes, frames: deque[Frame], urgent: deque[Frame]) -> bytes:
        pos, end = 0, len(data)
        while end - pos >= 20:
            size, kind, flags, obj, call, nmeta = HEADER.unpack_from(data, pos)
            if size < AFTER_SIZE + nmeta or size > self.max_frame or nmeta > MAX_META:
                raise Malformed(f"a frame of {size} bytes with {nmeta} of metadata")
            stop = pos + 4 + size
            body = pos + 20 + nmeta
            if stop > end:
                if size < CHUNK // 4 or body > end:
                    return data[pos:]
                meta, payload = data[pos + 20 : body], self._large(data[body:], size - AFTER_SIZE - nmeta)
                (urgent if kind == ANSWER else frames).append(Frame(kind, flags, obj, call, meta, payload))
                return b""
            # A large payload is not copied if it lies as arrays want it, and little else is kept with it.
            large = 2 * (stop - body) > CHUNK // 4 + end and not body & 7
            payload = memoryview(data)[body:stop] if large else data[body:stop]
            frame = Frame(kind, flags, obj, call, data[pos + 20 : body], payload)
            (urgent if kind in _URGENT else frames).append(frame)
            pos = stop
        return data[pos:] if pos < end else b""

    def _large(self, begun: bytes, size: int) -> memoryview:
        """A payload that is read to where it stays, in a buffer of its own."""
        buffer = bytearray(size)
        buffer[: len(begun)] = begun
        view = memoryview(buffer)
        at = len(begun)
        while at < size:
            try:
                n = self.socket.recv_into(view[at:])
            except OSError as exc:
                raise Closed(str(exc)) from exc
            if not n:
                raise Closed("the server has closed the connection")
            self.vigil.read(n)
            at += n
        return view.toreadonly()

    def hold(self, data: bytes) -> None:
        """Keeps a whole frame until another is sent, or release is called."""
        with self._sending:
            self.held.append(data)

    def release(self) -> None:
        """Sends the frames that are kept."""
        with self._sending:
            self._send_held()

    def _send_held(self) -> None:
        if self.held:
            data = b"".join(self.held)
            self.held.clear()
            self.left += 1
            self._send(data)

    def send(self, data: bytes) -> None:
        """Sends whole frames. Blocks while the server does not read."""
        with self._sending:
            if self.held:
                self.held.append(data)
                self._send_held()
                return
            vigil = self.vigil
            if vigil.put(data):
                if vigil.overlooked:
                    self._send(_LOOK)
                return
            try:
                n = self.socket.send(data)
            except OSError as exc:
                raise Closed(str(exc)) from exc
            vigil.sent(n)
            if n < len(data):
                self._send(memoryview(data)[n:])

    def _send(self, data: bytes | memoryview) -> None:
        try:
            self.socket.sendall(data)
            self.vigil.sent(len(data))
        except OSError as exc:
            raise Closed(str(exc)) from exc

    def send_large(self, beginning: bytes, buffers: list[bytes | memoryview]) -> None:
        """Sends one frame whose payload is several buffers, which are not copied."""
        if len(buffers) > MAX_BUFFERS:
            buffers = [b"".join(buffers)]
        with self._sending:
            self._send_held()
            try:
                sent = self.socket.sendmsg([beginning, *buffers])
            except OSError as exc:
                raise Closed(str(exc)) from exc
            self.vigil.sent(sent)
            for buffer in (beginning, *buffers):
                if sent < len(buffer):
                    self._send(memoryview(buffer)[sent:])
                sent = max(0, sent - len(buffer))

    def drop(self) -> None:
        """Lets go of the socket without a word to the server, for a child that was forked."""
        self.vigil = Vigil()  # the memory is its parent's
        self.held.clear()
        try:
            self.socket.close()
        except OSError:
            pass

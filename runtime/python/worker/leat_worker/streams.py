"""Calls that are answered any number of times: by the elements of generators, and by senders.

The server lets a call have so many answers on their way, and says when it has taken
some. Without room a generator is not run on. Generators of plain code take turns, with
each other and with calls: one element each.
"""

from __future__ import annotations

import _thread
from collections import deque
from collections.abc import Callable

from . import wire
from .answers import Answer
from .failures import Cancelled
from .host import Host
from .replies import Replies
from .wire import Frame

_BYTES = 1 << 20  # of answers on their way, as long as there is more than one
_PAUSE = 0.05  # seconds after which a thread that waits looks whether anybody reads
ENDED: Answer = (0, {"streamed": True}, b"")  # the answer behind those of a stream


class Stream:
    """One call, and how much of its answers is on its way. One thread sends, another may take notice of what is taken."""

    def __init__(self, streams: Streams, host: Host, frame: Frame, meta: dict[str, object]) -> None:
        self.streams, self.host, self.frame, self.meta = streams, host, frame, meta
        self.call = frame.call
        self.window = max(1, int(meta["stream"]))  # type: ignore[call-overload]
        self.cancelled = False
        self.elements: object = None  # the generator, if it is one of plain code
        self.queued = False  # whether it is among those that may go on
        self._sizes: deque[int] = deque()  # of what is on its way
        self._sent = self._taken = 0  # bytes
        self._wake: Callable[[], None] | None = None

    @property
    def room(self) -> bool:
        """Whether there may be another answer now."""
        waiting = len(self._sizes)
        return not waiting or (waiting < self.window and self._sent - self._taken < _BYTES)

    def send(self, answer: Answer) -> None:
        payload = answer[2]
        size = len(payload) if type(payload) is bytes else sum(map(len, payload))
        self._sizes.append(size)
        self._sent += size
        self.streams.replies.send(wire.PART, self.frame, answer)

    def taken(self, parts: int) -> None:
        """The server has taken some answers."""
        for _ in range(min(parts, len(self._sizes))):
            self._taken += self._sizes.popleft()
        self.notice()

    def cancel(self) -> None:
        self.cancelled = True
        self.notice()

    def notice(self) -> None:
        wake = self._wake
        if wake is not None:
            wake()

    def wake_by(self, wake: Callable[[], None] | None) -> None:
        """What to call when there may be room, or no use in it; None for nothing."""
        self._wake = wake

    def wait(self) -> None:
        """Waits for room, in a thread."""
        self.wait_until(lambda: self.room)

    def wait_until(self, enough: Callable[[], bool]) -> None:
        """Waits for something that what comes may bring about: reads it where nobody else does."""
        if enough() or self.cancelled:
            return
        turn = _thread.allocate_lock()
        turn.acquire()

        def wake() -> None:
            try:
                turn.release()
            except RuntimeError:  # it has been woken
                pass

        self.wake_by(wake)
        try:
            while not enough() and not self.cancelled:
                if not self.streams.read(True):
                    turn.acquire(True, _PAUSE)
        finally:
            self.wake_by(None)


class Streams:
    """All streams of the worker."""

    def __init__(self, replies: Replies, fail: Callable[[Frame, BaseException], None], read: Callable[[bool], bool]) -> None:
        self.replies = replies
        self.fail = fail
        self.read = read  # reads what has come, or waits a little for it; False: somebody else does
        self.serving = {_thread.get_ident()}  # threads that serve calls
        self._open: dict[int, Stream] = {}
        self._turns: deque[Stream] = deque()  # generators that may go on

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._open)

    def open(self, host: Host, frame: Frame, meta: dict[str, object]) -> Stream:
        stream = Stream(self, host, frame, meta)
        self.add(stream)
        return stream

    def add(self, stream: Stream) -> None:
        self._open[stream.call] = stream

    def taken(self, call: int, parts: int) -> None:
        stream = self._open.get(call)
        if stream is not None:
            stream.taken(parts)

    def cancel(self, call: int) -> None:
        stream = self._open.get(call)
        if stream is not None:
            stream.cancel()

    def over(self, stream: Stream) -> None:
        """Says behind the answers of a stream that these are all."""
        self.forget(stream.call)
        if stream.cancelled:
            self.fail(stream.frame, Cancelled("the call was cancelled"))
        else:
            self.replies.send(wire.OK, stream.frame, ENDED)

    def forget(self, call: int) -> None:
        self._open.pop(call, None)

    # Generators of plain code.

    def generate(self, stream: Stream, elements: object) -> None:
        """Has the elements be sent, by `step`."""
        stream.elements = elements
        stream.wake_by(lambda: self._ready(stream))
        self._ready(stream)

    def _ready(self, stream: Stream) -> None:
        if not stream.queued:
            stream.queued = True
            self._turns.append(stream)

    @property
    def ready(self) -> bool:
        """Whether some generator can go on."""
        return bool(self._turns)

    def step(self) -> None:
        """Runs one generator for one element, or closes one whose call was cancelled."""
        stream = self._turns.popleft()
        stream.queued = False
        try:
            if self._on(stream):
                return
        except wire.Closed:
            raise
        except BaseException as exc:  # noqa: BLE001 - the user's code may raise anything
            stream.elements = None  # which closes it, where it has not ended by itself
            self.forget(stream.call)
            self.fail(stream.frame, exc)
            return
        self.over(stream)

    def _on(self, stream: Stream) -> bool:
        """Whether there may be more elements."""
        elements = stream.elements
        if stream.cancelled:
            if hasattr(elements, "close"):
                elements.close()
            return False
        if not stream.room:
            return True  # it goes on when there is
        try:
            element = next(elements)  # type: ignore[call-overload]
        except StopIteration:
            return False
        stream.send(stream.host.part(element, stream.frame, stream.meta))
        if stream.room or stream.cancelled:
            self._ready(stream)
        return True

    # Asynchronous generators.

    async def each(self, stream: Stream, elements: object, tell: Callable[..., None]) -> None:
        """Sends the elements of an asynchronous generator, or of a plain one, on the event loop."""
        import asyncio

        loop = asyncio.get_running_loop()
        plain = not hasattr(type(elements), "__anext__")
        try:
            while True:
                if not stream.room:
                    await self._room(stream, loop.create_future(), tell)
                try:
                    if plain:
                        await asyncio.sleep(0)
                        element = next(elements, _NO_MORE)  # type: ignore[call-overload]
                        if element is _NO_MORE:
                            break
                    else:
                        element = await elements.__anext__()  # type: ignore[attr-defined]
                except StopAsyncIteration:
                    break
                stream.send(stream.host.part(element, stream.frame, stream.meta))
        finally:
            self.forget(stream.call)
            if hasattr(elements, "aclose"):
                await elements.aclose()
            elif hasattr(elements, "close"):
                elements.close()
        self.replies.send(wire.OK, stream.frame, ENDED)

    async def _room(self, stream: Stream, future: object, tell: Callable[..., None]) -> None:
        def wake() -> None:
            # Of a call that was cancelled the task is: woken, it would have the generator go on first.
            if not future.done() and not stream.cancelled:  # type: ignore[attr-defined]
                future.set_result(None)  # type: ignore[attr-defined]

        stream.wake_by(lambda: tell(wake))
        try:
            if not stream.room:
                await future  # type: ignore[misc]
        finally:
            stream.wake_by(None)


_NO_MORE = object()

"""The worker: takes frames one after another and answers them."""

from __future__ import annotations

import _thread
import os
import sys
import time
from collections import deque
from types import GeneratorType

from . import asks, failures, link, values, wire
from .control import Control
from .coroutines import Loop
from .failures import Cancelled, Refused
from .holding import Holding
from .host import Host
from .replies import Replies
from .senders import Sender
from .streams import ENDED, Stream, Streams
from .wire import Closed, Connection, Frame, Malformed

_LOOK = 0.0005  # seconds of the user's code after which the socket is looked at between calls
_exit = os._exit
_EMPTY: dict[str, object] = {}
_PLAIN = (dict, list, str, int, float, bool, type(None))  # results that are answers as they are
_CALLS = 64  # calls that are answered together, at most
_MOST = 1000  # types of results that are known


class Worker:
    """Everything that one process hosts."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._loop = Loop()
        self._replies = Replies(connection)
        self.control = Control(connection, self._replies, self._loop)
        self._objects = self.control.loaded
        self._pid = os.getpid()
        self._queue: deque[Frame] = deque()  # calls that have come and have not begun
        self._urgent: deque[Frame] = deque()
        self._cancelled: set[int] = set()
        self._plain: set[type] = set(_PLAIN)
        self._streaming = -1  # the call whose generator is running
        self._running = -1  # the call that the user's code is called for
        self._hurrying = _thread.allocate_lock()
        self._coroutines: set[int] = set()  # calls that the loop has
        self._metas: dict[bytes, dict[str, object]] = {}  # small metadata that comes again and again
        self._on_loop = False  # whether the event loop runs here, and this thread waits in it for what comes
        self._merge = False  # some object takes the rows of several calls
        self._streams = Streams(self._replies, self._fail, self._read_once)
        self.control.streams = self._streams
        self._broken: Exception | None = None  # what ended the reading on the loop
        self._questions = asks.Questions(connection, lambda: self._read(patient=True))
        link.connect(self._log, self._questions.begin, self._questions.wait, self._questions.tell)

    def _log(self, meta: bytes) -> None:
        self.connection.send(wire.frame(wire.LOG, 0, 0, 0, meta))

    # Reading.

    def run(self) -> None:
        """Serves until the server closes the connection or says that it is over."""
        queue, urgent, reading, read = self._queue, self._urgent, self.connection.reading, self.connection.read
        replies, holding = self._replies, Holding(self.connection)
        looked = time.monotonic()
        while True:
            if not queue:
                if self.control.closing and not self._coroutines and not self._streams:
                    return
                if self._streams.ready:
                    self._streams.step()
                    if time.monotonic() - looked > _LOOK:
                        self._look()
                        looked = time.monotonic()
                    continue
                if self._on_loop:
                    self._run_loop()
                    continue
                with reading:
                    if self.control.closing:
                        self._read(patient=True)
                    elif not queue and not self._streams.ready:  # whoever asked may have read it
                        read(queue, urgent)
                if urgent:
                    self._hurry()
                looked = time.monotonic()
                continue
            frame = queue.popleft()
            if frame.kind != wire.CALL:
                self._serve(frame)
                self._on_loop = self._may_loop()
                self._merge = any(host.rows_together for host in self._objects.values())
            elif queue and self._merge:
                self._together(frame)
            else:
                replies.holding = holding.may(frame, queue)
                self._call(frame)
                replies.holding = False
                holding.ended(queue)
            if self._streams.ready:
                self._streams.step()
            if queue and time.monotonic() - looked > _LOOK:
                self._look()
                looked = time.monotonic()

    def _may_loop(self) -> bool:
        """Whether the event loop may run on this thread: there are coroutines and nothing else."""
        if self._loop.is_apart:
            return False
        loaded = self._objects.values()
        if (loaded or self._coroutines) and all(host.on_loop for host in loaded):
            return True
        if self._loop.began and loaded:
            self._loop.apart()
        return False

    def _run_loop(self) -> None:
        """Serves calls on the event loop, until there is something else to be done."""
        try:
            self._loop.run(self.connection.socket.fileno(), self._readable)
        except (SystemExit, KeyboardInterrupt) as exc:  # of a task that the user's code has begun
            print(f"leat: a task wanted the process to end: {exc!r}", file=sys.stderr)
        if self._broken is not None:
            raise self._broken

    def _readable(self) -> None:
        """Reads what has come, on the loop."""
        reading = self.connection.reading
        if not reading.acquire(False):
            return  # who has asked reads, and tells
        try:
            self.connection.read(self._queue, self._urgent, wait=False)
        except (Closed, Malformed) as exc:
            self._stop(exc)
        finally:
            reading.release()
        self._drain()

    def _drain(self) -> None:
        """Begins the calls that have come, on the loop, up to what is to be done without it."""
        if not self._loop.inside:
            return
        try:
            if self._urgent:
                self._hurry()
            while self._queue:
                if self._queue[0].kind != wire.CALL:
                    self._loop.stop()
                    return
                self._call(self._queue.popleft())
        except (Closed, Malformed) as exc:
            self._stop(exc)

    def _stop(self, exc: Exception) -> None:
        self._broken = exc
        self._loop.stop()

    def _look(self) -> None:
        """Reads what has come, if anything: what waits may have been cancelled."""
        with self.connection.reading:
            self._look_now()

    def _look_now(self) -> None:
        """The same, for who may read."""
        while self.connection.read(self._queue, self._urgent, wait=False):
            pass
        if self._urgent:
            self._hurry()

    def _read(self, patient: bool = False) -> None:
        """Reads once; patient readers let others have their turn now and then."""
        if patient:
            import select

            if not select.select([self.connection.socket], [], [], 0.02)[0]:
                return
        self.connection.read(self._queue, self._urgent)
        if self._urgent:
            self._hurry()
        if self._queue and self._loop.inside:
            self._loop.tell(self._drain)

    def _read_once(self, wait: bool) -> bool:
        """Reads for a thread that waits for the server to take what it has sent. False: somebody else reads."""
        reading = self.connection.reading
        if not reading.acquire(False):
            return False
        try:
            if wait:
                self._read(patient=True)
            else:
                self._look_now()
        finally:
            reading.release()
        return True

    def _hurry(self) -> None:
        """Does what cannot wait for the user's code; one thread at a time."""
        with self._hurrying:
            while self._urgent:
                frame = self._urgent.popleft()
                if frame.kind == wire.ANSWER:
                    self._questions.answered(frame)
                elif frame.kind == wire.MORE:
                    self._streams.taken(frame.call, int(self._meta(frame.meta).get("parts") or 0))  # type: ignore[call-overload]
                else:
                    self._cancel(frame.call)

    def _cancel(self, call: int) -> None:
        if call in (self._streaming, self._running):
            self._cancelled.add(call)
        for frame in tuple(self._queue):
            if frame.call == call and frame.kind == wire.CALL:
                self._refuse(frame)
                return
        self._streams.cancel(call)
        self._loop.cancel(call)

    def _refuse(self, frame: Frame) -> None:
        """Answers a call that was cancelled before it began: at once, since the code may be busy with others for long."""
        try:
            self._queue.remove(frame)
        except ValueError:  # another thread has just begun it
            self._cancelled.add(frame.call)
            self._streams.cancel(frame.call)
            self._loop.cancel(frame.call)
            return
        self._fail(frame, Cancelled("the call was cancelled before it began"))

    # Serving.

    def _serve(self, frame: Frame) -> None:
        do = self.control.kinds.get(frame.kind)
        if do is None:
            raise Malformed(f"a frame of kind {frame.kind}")
        try:
            meta = self._meta(frame.meta)
            said = do(frame, meta)
        except (Closed, Malformed):
            raise
        except BaseException as exc:  # noqa: BLE001 - the user's code may raise anything
            self._fail(frame, exc)
            return
        self.connection.send(wire.frame(wire.OK, 0, frame.object, frame.call, values.dumps(said) if said else b""))

    def _meta(self, data: bytes) -> dict[str, object]:
        """The metadata of a frame. Nobody changes it: that of one call may serve the next."""
        if not data:
            return _EMPTY
        meta = self._metas.get(data)
        if meta is not None:
            return meta
        try:
            meta = values.loads(data)  # type: ignore[assignment]
        except (ValueError, RecursionError) as exc:
            raise Malformed(f"metadata that is not JSON: {exc}") from None
        if type(meta) is not dict:
            raise Malformed("metadata that is no object")
        if len(data) < 256:
            if len(self._metas) >= 256:
                self._metas.clear()
            self._metas[data] = meta
        return meta

    def _call(self, frame: Frame) -> None:
        meta = self._meta(frame.meta) if frame.meta else _EMPTY
        try:
            if self._cancelled and frame.call in self._cancelled:
                raise Cancelled("the call was cancelled before it began")
            host = self._objects.get(frame.object)
            if host is None:
                raise Refused(f"this worker has no object {frame.object} that is loaded")
            if frame.flags & wire.SHM:
                self._replies.fetch(frame, meta.get("shm"))
            self._running = frame.call
            result = host.run(frame, meta)
            self._running = -1
            if type(result) not in self._plain and self._takes_time(host, frame, meta, result):
                self._take_back(frame.call)
                return
            self._replies.send(wire.OK, frame, host.answer(result, frame, meta))
        except Closed:
            raise
        except BaseException as exc:  # noqa: BLE001 - the user's code may raise anything
            self._running = -1
            self._fail(frame, exc)
        self._cancelled.discard(frame.call)

    def _take_back(self, call: int) -> None:
        """Cancels a call that goes on, if it was cancelled while the user's code began it."""
        if call in self._cancelled:
            self._cancelled.discard(call)
            self._streams.cancel(call)
            self._loop.cancel(call)

    def _together(self, first: Frame) -> None:
        """Serves a call together with those behind it that are of the same object, as far as it takes them."""
        host, queue, calls = self._objects.get(first.object), self._queue, [first]
        if host is not None and host.rows_together:
            while queue and queue[0].kind == wire.CALL and queue[0].object == first.object and len(calls) < _CALLS:
                calls.append(queue.popleft())
        if len(calls) == 1:
            self._call(first)
            return
        from . import merging

        several = [(f, self._meta(f.meta)) for f in calls if f.call not in self._cancelled]
        for f in calls:
            if f.call in self._cancelled:
                self._call(f)  # which says so
        for group, rows in merging.groups(host, several):  # type: ignore[arg-type]
            results = merging.run(host, group, rows) if len(group) > 1 else None  # type: ignore[arg-type]
            for frame in self._answered(host, group, results or [None] * len(group)):  # type: ignore[arg-type]
                self._call(frame)

    def _answered(self, host: Host, group: list[tuple[Frame, dict[str, object]]], results: list[object]) -> list[Frame]:
        """Sends the results of calls that were run together, at once. The calls without one are left."""
        left: list[Frame] = []
        self._replies.holding = True
        for (frame, meta), result in zip(group, results):
            if result is None:
                left.append(frame)
            else:
                self._answer(host, frame, meta, result)
        self._replies.holding = False
        self.connection.release()
        return left

    def _answer(self, host: Host, frame: Frame, meta: dict[str, object], result: object) -> None:
        """Sends the result of a call that was run together with others."""
        try:
            self._replies.send(wire.OK, frame, host.answer(result, frame, meta))
        except Closed:
            raise
        except BaseException as exc:  # noqa: BLE001 - as above
            self._fail(frame, exc)

    def _takes_time(self, host: Host, frame: Frame, meta: dict[str, object], result: object) -> bool:
        """Whether the answer is not there yet: sees to coroutines and generators."""
        if hasattr(type(result), "__await__") or hasattr(type(result), "__anext__"):
            self._coroutines.add(frame.call)
            self._loop.submit(frame.call, self._finish(host, frame, meta, result))
            return True
        if type(result) is Sender:
            return True
        if "stream" in meta and hasattr(type(result), "__next__"):
            self._begin(host, frame, meta, result)
            return True
        if type(result) is GeneratorType:
            self._stream(host, frame, meta, result)
            return True
        if len(self._plain) < _MOST:
            self._plain.add(type(result))
        return False

    def _begin(self, host: Host, frame: Frame, meta: dict[str, object], elements: object) -> None:
        """Has the elements of a generator be sent as fast as the server takes them."""
        stream = self._streams.open(host, frame, meta)
        if self._loop.inside:
            self._coroutines.add(frame.call)
            self._loop.submit(frame.call, self._each(stream, elements))
        else:
            self._streams.generate(stream, elements)

    async def _each(self, stream: Stream, elements: object) -> None:
        """The same on the event loop, to the end."""
        frame = stream.frame
        try:
            await self._streams.each(stream, elements, self._loop.tell)
        except Closed:
            _exit(0)
        except BaseException as exc:  # noqa: BLE001 - as above, and CancelledError
            self._fail(frame, exc)
        finally:
            self._ended(frame.call)

    def _stream(self, host: Host, frame: Frame, meta: dict[str, object], elements: object) -> None:
        """Sends the elements of a generator as they come."""
        self._streaming = frame.call
        try:
            for element in elements:  # type: ignore[attr-defined]
                self._look()
                if frame.call in self._cancelled:
                    elements.close()  # type: ignore[attr-defined]
                    raise Cancelled("the call was cancelled")
                self._replies.send(wire.PART, frame, host.part(element, frame, meta))
        finally:
            self._streaming = -1
        self._replies.send(wire.OK, frame, ENDED)

    async def _finish(self, host: Host, frame: Frame, meta: dict[str, object], result: object) -> None:
        """Sees a coroutine or an asynchronous generator to its end."""
        try:
            if hasattr(type(result), "__await__"):
                result = await result  # type: ignore[misc]
            if type(result) is Sender:
                return
            if "stream" in meta and (hasattr(type(result), "__anext__") or hasattr(type(result), "__next__")):
                await self._streams.each(self._streams.open(host, frame, meta), result, self._loop.tell)
            elif hasattr(type(result), "__anext__"):
                async for element in result:  # type: ignore[attr-defined]
                    self._replies.send(wire.PART, frame, host.part(element, frame, meta))
                self._replies.send(wire.OK, frame, ENDED)
            else:
                self._replies.send(wire.OK, frame, host.answer(result, frame, meta))
        except Closed:
            _exit(0)
        except BaseException as exc:  # noqa: BLE001 - as above, and CancelledError
            self._fail(frame, exc)
        finally:
            self._ended(frame.call)

    def _ended(self, call: int) -> None:
        """A coroutine has ended."""
        self._coroutines.discard(call)
        self._loop.done(call)
        if self.control.closing and not self._coroutines:
            self._loop.stop()

    def _fail(self, frame: Frame, exc: BaseException) -> None:
        if os.getpid() != self._pid:
            _exit(1)  # a child that the user's code has forked, and that has come to where it cannot be
        if type(exc).__name__ == "CancelledError":
            exc = Cancelled("the call was cancelled")
        said = failures.describe(exc, frame.doing, frame.at)
        if isinstance(exc, SystemExit):
            said["message"] = f"the code wanted the process to end (status {exc.code})"
        self.connection.send(wire.frame(wire.ERROR, 0, frame.object, frame.call, values.dumps(said)))

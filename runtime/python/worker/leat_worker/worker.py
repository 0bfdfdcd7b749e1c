"""The worker: takes frames one after another and answers them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from types import GeneratorType

from . import PROTOCOL, answers, asks, failures, link, usercode, values, watchdog, wire
from .context import GraphContext
from .coroutines import Loop
from .failures import Cancelled, Refused
from .host import Host
from .sharedmem import Shared
from .wire import Closed, Connection, Frame, Malformed

_LOOK = 0.0005  # seconds of the user's code after which the socket is looked at between calls
_EMPTY: dict[str, object] = {}
_PLAIN = frozenset((dict, list, str, int, float, bool, type(None)))  # results that are answers as they are


class Worker:
    """Everything that one process hosts."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.context = GraphContext()
        self.created: dict[int, Host] = {}  # by number
        self.objects: dict[int, Host] = {}  # those that are loaded
        self.loop = Loop()
        self.pid = os.getpid()
        self._queue: deque[Frame] = deque()  # calls that have come and have not begun
        self._cancelled: set[int] = set()
        self._metas: dict[bytes, dict[str, object]] = {}  # small metadata that comes again and again
        self._urgent: deque[Frame] = deque()
        self._questions = asks.Questions(connection, lambda: self._read(patient=True))
        self._closing = False
        self._async_calls = 0
        self._shared: Shared | None = None

    # Reading.

    def run(self) -> None:
        """Serves until the server closes the connection or says that it is over."""
        queue, reading = self._queue, self.connection.reading
        looked = time.monotonic()
        while not (self._closing and not queue and not self._async_calls):
            if not queue:
                with reading:
                    if not queue:  # whoever asked may have read it
                        self._read()
                looked = time.monotonic()
                continue
            frame = queue.popleft()
            self._serve(frame)
            if queue and time.monotonic() - looked > _LOOK:
                self._look()
                looked = time.monotonic()

    def _look(self) -> None:
        """Reads what has come, if anything: what waits may have been cancelled."""
        with self.connection.reading:
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

    def _hurry(self) -> None:
        """Does what cannot wait for the user's code."""
        while self._urgent:
            frame = self._urgent.popleft()
            if frame.kind == wire.ANSWER:
                self._questions.answered(frame)
            else:
                self._cancel(frame.call)

    def _cancel(self, call: int) -> None:
        if any(f.call == call and f.kind == wire.CALL for f in self._queue) or call == self._streaming:
            self._cancelled.add(call)
        self.loop.cancel(call)

    _streaming = -1  # the call whose generator is running

    # Serving.

    def _serve(self, frame: Frame) -> None:
        if frame.kind == wire.CALL:
            self._call(frame)
            return
        do = _CONTROL.get(frame.kind)
        if do is None:
            raise Malformed(f"a frame of kind {frame.kind}")
        try:
            meta = self._meta(frame.meta)
            said = do(self, frame, meta)
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
            host = self.objects.get(frame.object)
            if host is None:
                raise Refused(f"this worker has no object {frame.object} that is loaded")
            if frame.flags & wire.SHM:
                self._fetch(frame, meta)
            result = host.run(frame, meta)
            if type(result) not in _PLAIN and self._takes_time(host, frame, meta, result):
                return
            self._reply(wire.OK, frame, host.answer(result, frame, meta))
        except Closed:
            raise
        except BaseException as exc:  # noqa: BLE001 - the user's code may raise anything
            self._fail(frame, exc)
        self._cancelled.discard(frame.call)

    def _takes_time(self, host: Host, frame: Frame, meta: dict[str, object], result: object) -> bool:
        """Whether the answer is not there yet: sees to coroutines and generators."""
        if hasattr(result, "__await__") or hasattr(result, "__anext__"):
            self._async_calls += 1
            self.loop.submit(frame.call, self._finish(host, frame, meta, result))
            return True
        if type(result) is GeneratorType:
            self._stream(host, frame, meta, result)
            return True
        return False

    def _fetch(self, frame: Frame, meta: dict[str, object]) -> None:
        """Takes the payload from the shared file."""
        if self._shared is None:
            raise Refused("the payload is in a shared file, and there is none")
        frame.payload = self._shared.read(meta.get("shm"))

    def _stream(self, host: Host, frame: Frame, meta: dict[str, object], elements: object) -> None:
        """Sends the elements of a generator as they come."""
        self._streaming = frame.call
        try:
            for element in elements:  # type: ignore[attr-defined]
                self._look()
                if frame.call in self._cancelled:
                    elements.close()  # type: ignore[attr-defined]
                    raise Cancelled("the call was cancelled")
                self._reply(wire.PART, frame, host.part(element, frame, meta))
        finally:
            self._streaming = -1
        self._reply(wire.OK, frame, answers.NOTHING)

    async def _finish(self, host: Host, frame: Frame, meta: dict[str, object], result: object) -> None:
        """Sees a coroutine or an asynchronous generator to its end."""
        try:
            if hasattr(result, "__await__"):
                result = await result  # type: ignore[misc]
            if hasattr(result, "__anext__"):
                async for element in result:  # type: ignore[attr-defined]
                    self._reply(wire.PART, frame, host.part(element, frame, meta))
                self._reply(wire.OK, frame, answers.NOTHING)
            else:
                self._reply(wire.OK, frame, host.answer(result, frame, meta))
        except Closed:
            os._exit(0)
        except BaseException as exc:  # noqa: BLE001 - as above, and CancelledError
            self._fail(frame, exc)
        finally:
            self._async_calls -= 1

    # Answering.

    def _reply(self, kind: int, frame: Frame, answer: answers.Answer) -> None:
        flags, said, payload = answer
        if type(payload) is not bytes:
            size = sum(map(len, payload))
            if size >= wire.LARGE:
                self._reply_large(kind, flags, frame, said, payload, size)  # type: ignore[arg-type]
                return
            payload = b"".join(payload)
        size = len(payload)
        if size >= wire.LARGE:
            self._reply_large(kind, flags, frame, said, [payload], size)
            return
        meta = values.dumps(said, "metadata") if said else b""
        self.connection.send(
            wire.HEADER.pack(16 + len(meta) + size, kind, flags, frame.object, frame.call, len(meta)) + meta + payload
        )

    def _reply_large(
        self,
        kind: int,
        flags: int,
        frame: Frame,
        said: dict[str, object] | None,
        payload: list[bytes | memoryview],
        size: int,
    ) -> None:
        """Sends a large payload through the shared file, if there is room in it for this call, else through the socket."""
        asked = self._meta(frame.meta)
        if kind == wire.OK and self._shared is not None and "room" in asked:
            place = self._shared.write(asked["room"], payload, size)
            if place:
                flags, said, payload, size = flags | wire.SHM, {**(said or {}), "shm": place}, [], 0
        meta = values.dumps(said, "metadata") if said else b""
        if wire.AFTER_SIZE + len(meta) + size > self.connection.max_frame or len(meta) > wire.MAX_META:
            raise values.Unwritable(f"the result takes {size} bytes, more than a frame can ({self.connection.max_frame})")
        self.connection.send_large(wire.head(kind, flags, frame.object, frame.call, meta, size), payload)

    def _fail(self, frame: Frame, exc: BaseException) -> None:
        if os.getpid() != self.pid:
            os._exit(1)  # a child that the user's code has forked, and that has come to where it cannot be
        if type(exc).__name__ == "CancelledError":
            exc = Cancelled("the call was cancelled")
        said = failures.describe(exc, frame.doing, frame.at)
        if isinstance(exc, SystemExit):
            said["message"] = f"the code wanted the process to end (status {exc.code})"
        self.connection.send(wire.frame(wire.ERROR, 0, frame.object, frame.call, values.dumps(said)))

    # The server's wishes besides calls.

    def configure(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        frame.doing = "configure"
        if meta.get("version") != PROTOCOL:
            raise Refused(f"the server speaks version {meta.get('version')} of the protocol, this worker {PROTOCOL}")
        self.connection.max_frame = int(meta.get("max_frame") or self.connection.max_frame)  # type: ignore[call-overload]
        self.context.__init__(dict(meta.get("context") or {}))  # type: ignore[misc, call-overload]
        self._paths = list(meta.get("paths") or [])  # type: ignore[call-overload]
        self._source = meta.get("source")
        shared = meta.get("shm")
        if shared:
            self._shared = Shared(shared["file"], shared["size"])  # type: ignore[index]
        return {"version": PROTOCOL, "python": sys.version.split()[0], "pid": self.pid, "mlrun": _mlrun()}

    def describe(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        from . import describe

        frame.doing = "import"
        self._import()
        said: dict[str, object] = {"objects": describe.everything(), "files": usercode.files()}
        missing = {}
        for name in meta.get("names") or []:  # type: ignore[attr-defined]
            if name in said["objects"]:  # type: ignore[operator]
                continue
            try:
                said["objects"][name] = describe.one(usercode.resolve(name))  # type: ignore[index]
            except (Refused, ImportError, AttributeError) as exc:
                missing[name] = f"{type(exc).__name__}: {exc}"
        if missing:
            said["missing"] = missing
        if usercode.failed:
            said["failed"] = {n: failures.describe(e, "import") for n, e in usercode.failed.items()}
        return said

    def _import(self) -> None:
        """Imports the user's code, once."""
        source, self._source = self._source, None
        paths, self._paths = self._paths, []
        try:
            if source:
                usercode.add(source["file"], source.get("name") or "")  # type: ignore[index, attr-defined]
            for path in paths:
                usercode.add(path)
        except BaseException:
            self._source, self._paths = source, paths  # whoever asks again gets the reason again
            raise

    _paths: list[str] = []
    _source: object = None

    def create(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        from . import hosts

        frame.doing = "import"
        self._import()
        frame.doing = "create"
        host = hosts.create(meta, self.context, self.loop)
        self.created[frame.object] = host
        self.objects.pop(frame.object, None)
        return {"async": host.is_async, "hooks": host.hooks, "event": host.whole}

    def load(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        frame.doing = "load"
        host = self.created.get(frame.object)
        if host is None:
            raise Refused(f"this worker has no object {frame.object}")
        frame.at = getattr(host.object, "load", None)  # type: ignore[attr-defined]
        said = host.load()
        self.objects[frame.object] = host
        return said  # type: ignore[no-any-return]

    def close(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        frame.doing = "close"
        if frame.object == 0:
            self._closing = True
            return {}
        self.objects.pop(frame.object, None)
        host = self.created.pop(frame.object, None)
        if host is not None:
            host.close()
        return {}

    def ping(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        return {}

    # The user's code.

    def send_log(self, meta: bytes) -> None:
        self.connection.send(wire.frame(wire.LOG, 0, 0, 0, meta))

    def connect(self) -> None:
        link.connect(self.send_log, self._questions.ask, self._questions.tell)


_CONTROL = {
    wire.CONFIG: Worker.configure,
    wire.DESCRIBE: Worker.describe,
    wire.CREATE: Worker.create,
    wire.LOAD: Worker.load,
    wire.CLOSE: Worker.close,
    wire.PING: Worker.ping,
}


def _mlrun() -> str | None:
    """The version of the real MLRun where it is installed, without importing it."""
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("mlrun", [p for p in sys.path if not p.startswith(failures.OURS)])
    if spec is None or spec.origin is None:
        return None
    for entry in os.listdir(os.path.dirname(os.path.dirname(spec.origin))):
        if entry.startswith("mlrun-") and entry.endswith(".dist-info"):
            return entry[len("mlrun-") : -len(".dist-info")]
    return "unknown"


def _prepare_process(connection: Connection, lifeline: int) -> None:
    """Signals are for the server to act upon; what the user's code forks is not a worker."""
    ours = {signal.SIGINT: _ignore, signal.SIGHUP: _ignore, signal.SIGTERM: lambda *_: watchdog.look(lifeline)}
    before = {number: signal.signal(number, handler) for number, handler in ours.items()}
    masks = []

    def block() -> None:
        """A signal for the child must not come to a handler of ours."""
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ours))

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.pop())

    def in_child() -> None:
        connection.drop()
        for number, handler in before.items():
            signal.signal(number, handler)
        unblock()
        watchdog.start_in_child(lifeline)

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=in_child)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=False, errors="backslashreplace")


def _ignore(*_: object) -> None:
    """A function of ours, and not SIG_IGN, so that what the user's code executes has the default."""


def run(socket: int, lifeline: int) -> None:
    """Serves on a socket until it closes. `lifeline` is a pipe whose end means that the server is gone."""
    watchdog.start(lifeline)
    connection = Connection(socket)
    _prepare_process(connection, lifeline)
    worker = Worker(connection)
    worker.connect()
    status = 0
    try:
        worker.run()
    except Closed:
        pass
    except Malformed as exc:
        print(f"leat: the connection to the server is broken: {exc}", file=sys.stderr)
        status = 3
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)

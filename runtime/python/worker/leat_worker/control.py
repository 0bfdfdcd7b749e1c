"""What the server wants besides calls: that code is imported, described, made, loaded and let go of."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable

from . import PROTOCOL, failures, usercode, wire
from .context import GraphContext
from .coroutines import Loop
from .failures import Refused
from .host import Host
from .replies import Replies
from .sharedmem import Shared
from .wire import Connection, Frame


class Control:
    """The objects of a worker, and the code that they are of."""

    def __init__(self, connection: Connection, replies: Replies, loop: Loop) -> None:
        self.context = GraphContext()
        self.created: dict[int, Host] = {}  # by number
        self.loaded: dict[int, Host] = {}
        self.closing = False
        self.streams: object = None  # of the worker
        self._connection = connection
        self._replies = replies
        self._loop = loop
        self._paths: list[str] = []
        self._source: dict[str, str] | None = None
        self.kinds: dict[int, Callable[[Frame, dict[str, object]], dict[str, object]]] = {
            wire.CONFIG: self._configure,
            wire.DESCRIBE: self._describe,
            wire.CREATE: self._create,
            wire.LOAD: self._load,
            wire.CLOSE: self._close,
            wire.PING: lambda frame, meta: {},
        }

    def _configure(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        frame.doing = "configure"
        if meta.get("version") != PROTOCOL:
            raise Refused(f"the server speaks version {meta.get('version')} of the protocol, this worker {PROTOCOL}")
        self._connection.max_frame = int(meta.get("max_frame") or self._connection.max_frame)  # type: ignore[call-overload]
        self.context.__init__(dict(meta.get("context") or {}))  # type: ignore[misc, call-overload]
        self._paths = list(meta.get("paths") or [])  # type: ignore[call-overload]
        self._source = meta.get("source")  # type: ignore[assignment]
        shared = meta.get("shm")
        if shared:
            self._replies.shared = Shared(shared["file"], shared["size"])  # type: ignore[index]
            if shared.get("words"):  # type: ignore[attr-defined]
                self._connection.vigil.begin(self._replies.shared.words())
        return {"version": PROTOCOL, "python": sys.version.split()[0], "pid": os.getpid(), "mlrun": _mlrun()}

    def _describe(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
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

    def _create(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        from . import hosts

        frame.doing = "import"
        self._import()
        frame.doing = "create"
        host = hosts.create(meta, self.context, self._loop)
        host.streams = self.streams
        self.created[frame.object] = host
        self.loaded.pop(frame.object, None)
        return {"async": host.is_async, "hooks": host.hooks, "event": host.whole}

    def _load(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        frame.doing = "load"
        host = self.created.get(frame.object)
        if host is None:
            raise Refused(f"this worker has no object {frame.object}")
        frame.at = getattr(host.object, "load", None)
        said = host.load()
        self.loaded[frame.object] = host
        gc.collect()
        gc.freeze()  # what is loaded stays: looking through it again and again would only cost time
        return said

    def _close(self, frame: Frame, meta: dict[str, object]) -> dict[str, object]:
        frame.doing = "close"
        if frame.object == 0:
            self.closing = True
            return {}
        self.loaded.pop(frame.object, None)
        host = self.created.pop(frame.object, None)
        if host is not None:
            host.close()
        return {}

    def close_all(self) -> None:
        """Lets go of all objects, at the end."""
        while self.created:
            _, host = self.created.popitem()
            try:
                host.close()
            except Exception as exc:  # noqa: BLE001 - the user's code, and there is nobody left to be told
                print(f"{type(exc).__name__} at the end: {exc}", file=sys.stderr)


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

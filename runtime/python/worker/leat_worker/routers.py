"""Hosts a router of the user's: its class routes by itself, as in MLRun. What it puts to a route, the server runs."""

from __future__ import annotations

import builtins

from . import answers, events, link, realmlrun, signatures, steps, values
from .answers import Answer
from .context import GraphContext
from .events import Response
from .host import Host
from .wire import Frame


class Route:
    """A route of a router. `run` puts an event to it, and gives the event back with what it made of the body."""

    def __init__(self, name: str, host: RouterHost, context: GraphContext) -> None:
        self.name = name
        self.context = context
        self._host = host

    def run(self, event: object, *args: object, **kwargs: object) -> object:
        return self.finish(event, self.begin(event))

    def begin(self, event: object) -> int:
        """Puts an event to the route without waiting: `finish` waits. So several routes are asked at once."""
        asked = getattr(event, "_asked", None) or self._host.asked
        flags, said, payload = answers.of(event.body, "event.body")  # type: ignore[attr-defined]
        said = {
            **(said or {}),
            **events.changes(event, asked),
            "ask": "route",
            "route": self.name,
            "ticket": asked.get("ticket", 0),
            "path": getattr(event, "path", None) or "",
            "method": getattr(event, "method", None) or "",
        }
        return link.begin(said, flags, payload if isinstance(payload, bytes) else b"".join(payload))

    def finish(self, event: object, number: int) -> object:
        """Waits for what the route made of an event. What it raised is raised here."""
        frame = link.wait(number)
        said: dict[str, object] = values.loads(frame.meta) if frame.meta else {}  # type: ignore[assignment]
        if "error" in said:
            raise _raised(said)
        body = answers.body_of(frame, said)
        if "status" in said:
            body = Response(said.get("headers"), body, said.get("content_type"), said["status"])  # type: ignore[arg-type]
        event.body = body  # type: ignore[attr-defined]
        if said.get("terminated"):
            event.terminated = True  # type: ignore[attr-defined]
        return event


class RouterHost(Host):
    """A router's object."""

    whole = True

    def __init__(self, target: type, spec: dict[str, object], context: GraphContext) -> None:
        realmlrun.adapt()
        args = dict(spec.get("args") or {})  # type: ignore[call-overload]
        if signatures.of(target).takes("routes"):
            routes: list[str] = spec.get("routes") or []  # type: ignore[assignment]
            args["routes"] = {key: Route(key, self, context) for key in routes}
        self.asked: dict[str, object] = {}  # the metadata of the call that is being served
        self.object = steps.construct(target, {**spec, "args": args}, context)
        if hasattr(self.object, "_update_background_task_state"):  # of newer MLRun: endpoints are the server's
            self.object._update_background_task_state = _nothing
        mode = getattr(self.object, "executor_type", None)
        if mode is not None and str(getattr(mode, "value", mode)) == "process":
            self.object.executor_type = type(mode)("thread")  # type: ignore[attr-defined] - models are processes of the server's

    def load(self) -> dict[str, object]:
        if hasattr(self.object, "post_init"):
            self.object.post_init("sync")
        return {}

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        event = events.from_call(meta, _body(frame, meta))
        event._asked = self.asked = meta  # type: ignore[attr-defined]
        frame.doing, frame.at = "do_event", self.object.do_event  # type: ignore[attr-defined]
        try:
            return self.object.do_event(event)  # type: ignore[attr-defined]
        except Exception as exc:
            _refusal(exc)
            raise

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        return answers.of_call(result, meta)

    def close(self) -> None:
        steps.close(self.object)


def _nothing(event: object) -> None:
    """There is no task of MLRun's that makes model endpoints."""


def _body(frame: Frame, meta: dict[str, object]) -> object:
    """The body of a request as it came: parse_event reads it, where it is not JSON."""
    try:
        return answers.body_of(frame, meta)
    except values.Unreadable:
        if "json" in str(meta.get("content_type") or ""):
            raise
        data = bytes(frame.payload)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


class RouteError(Exception):
    """What a route has raised that has no class here."""


def _raised(said: dict[str, object]) -> Exception:
    """The exception of a route. The server knows it again when the router lets it pass."""
    name = str(said.get("class") or "")
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        kind = type(name, (RouteError,), {}) if name.isidentifier() else RouteError
    try:
        exc = kind(said["error"])
    except TypeError:  # one that wants more than a text, as UnicodeDecodeError does
        exc = RouteError(said["error"])
    exc.leat_route = said.get("failure", 0)
    return exc


def _refusal(exc: Exception) -> None:
    """Gives what MLRun's own code refuses a status: which it is not the user's code that fails."""
    tb = exc.__traceback__
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    module = tb.tb_frame.f_globals.get("__name__") if tb is not None else ""
    if module != "mlrun.serving.routers" or type(exc) not in (ValueError, Exception):
        return
    unknown = "doesnt exist" in str(exc) or str(exc).startswith("illegal path prefix")
    exc.status_code = 404 if unknown else 400  # type: ignore[attr-defined]

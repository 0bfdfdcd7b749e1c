"""Hosts the hooks of a router of the user's: the server routes, and asks the object where its class says how."""

from __future__ import annotations

from . import answers, describe, events, signatures, steps
from .context import GraphContext
from .failures import Refused
from .host import Host
from .wire import EVENT, Frame


class RouterHost(Host):
    """A router's object: `method:NAME` calls a method with the elements of a list, or with an event."""

    def __init__(self, target: type, spec: dict[str, object], context: GraphContext) -> None:
        args = dict(spec.get("args") or {})  # type: ignore[call-overload]
        if "routes" in signatures.of(target).required:
            args.setdefault("routes", {})
        self.object = steps.construct(target, {**spec, "args": args}, context)
        self.hooks = describe.hooks(target, describe.ROUTER_HOOKS)

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        name = str(meta.get("op") or "").partition("method:")[2]
        method = getattr(self.object, name, None) if name and not name.startswith("_") else None
        if not callable(method):
            raise Refused(f"router {type(self.object).__name__} has no method {name}")
        frame.doing, frame.at = name, method
        body = answers.body_of(frame, meta)
        if frame.flags & EVENT:
            return method(events.from_call(meta, body))
        if not isinstance(body, list):
            raise Refused(f"{name}: the arguments are no list")
        return method(*self._weighed(name, body))

    def _weighed(self, name: str, args: list[object]) -> list[object]:
        """The arguments; weights as MLRun gives them to logic, an array where there is numpy."""
        from .tensors import numpy

        np = numpy()
        if name == "logic" and np is not None and len(args) == 2:
            return [args[0], np.array(args[1])]
        return args

    def close(self) -> None:
        steps.close(self.object)

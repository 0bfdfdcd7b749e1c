"""Hosts a step or a function of the user's."""

from __future__ import annotations

import functools
import sys

from . import answers, events, signatures
from .answers import Answer
from .context import GraphContext
from .failures import Refused
from .host import Host
from .wire import EVENT, Frame


class StepHost(Host):
    """One object or function that events are put to."""

    paired = False  # whether it is a function of an event and a state, in the order in which they come

    def __init__(self, target: object, spec: dict[str, object], context: GraphContext) -> None:
        self.name = str(spec.get("name") or "")
        self.target = target
        self.handler = self._handler_of(target, spec, context)
        self.whole = bool(spec.get("full_event")) or self.whole
        self.is_async = signatures.is_async(self.handler)

    def _handler_of(self, target: object, spec: dict[str, object], context: GraphContext) -> object:
        if not isinstance(target, type):
            return self._function(target, context)
        self.object = construct(target, spec, context)
        name = str(spec.get("handler") or "")
        if name and not hasattr(self.object, name):
            raise Refused(f"handler ({name}) specified but doesnt exist in class {target.__name__}")
        if not name:
            name = next((n for n in ("do_event", "do", "__call__") if hasattr(self.object, n)), "")
            self.whole = name == "do_event"
        if not name:
            raise Refused(f"step {self.name} does not have a handler: {target.__name__} has neither do nor do_event")
        return getattr(self.object, name)

    def _function(self, target: object, context: GraphContext) -> object:
        """The function with the context in, if it wants it: as MLRun gives it, by name, or as nuclio does, first."""
        if not callable(target):
            raise Refused(f"{self.name}: {target!r} is no function")
        signature = signatures.of(target)
        args = signature.args
        self.paired = len(signature.required) == 2 and "context" not in args
        if args[:2] == ["context", "event"]:
            self.whole = True
            _init_context(target, context)
            return functools.partial(target, context)
        return functools.partial(target, context=context) if "context" in args else target

    def load(self) -> dict[str, object]:
        if hasattr(self.object, "post_init"):
            self.object.post_init("sync")
        return {}

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        body = answers.body_of(frame, meta)
        frame.at = self.handler
        if self.whole or frame.flags & EVENT:
            return self.handler(events.from_call(meta, body))  # type: ignore[operator]
        if self.paired and isinstance(body, dict) and sorted(body) == ["event", "state"]:
            return self.handler(*body.values())  # type: ignore[operator]
        return self.handler(body)  # type: ignore[operator]

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        kind = type(result)
        if kind is dict or kind is list:
            return answers.of(result)
        if self.object is not None and getattr(self.object, "_filter", False) is True:
            self.object._filter = False  # type: ignore[attr-defined] - storey's MapClass says so that the event ends here
            return answers.FILTERED
        return answers.of_call(result, meta)

    def close(self) -> None:
        close(self.object)


_begun: set[str] = set()  # modules whose init_context has been called


def _init_context(target: object, context: GraphContext) -> None:
    """What nuclio calls at the start of a function's module."""
    module = sys.modules.get(getattr(target, "__module__", ""))
    begin = getattr(module, "init_context", None)
    if module is not None and callable(begin) and module.__name__ not in _begun:
        _begun.add(module.__name__)
        begin(context)


def construct(cls: type, spec: dict[str, object], context: GraphContext) -> object:
    """An instance, with the arguments that MLRun gives a step's class: the spec's, functions
    for those that name one, and of the common ones those that the class takes."""
    from . import usercode

    args: dict[str, object] = {}
    for key, value in dict(spec.get("args") or {}).items():  # type: ignore[call-overload]
        named = key.startswith("_") and isinstance(value, str)
        args[key[1:] if named else key] = usercode.resolve(value) if named else value
    for key, value in dict(spec.get("function_args") or {}).items():  # type: ignore[call-overload]
        args[key] = usercode.resolve(value)
    signature = signatures.of(cls)
    common = {
        "name": spec.get("name"),
        "context": context,
        "input_path": spec.get("input_path"),
        "result_path": spec.get("result_path"),
        "full_event": spec.get("full_event"),
    }
    args.update({k: v for k, v in common.items() if signature.takes(k)})
    return cls(**args)


def close(target: object) -> None:
    """Lets the user's object end, where it knows how to."""
    for name in ("terminate", "close", "unload", "finalize"):
        end = getattr(target, name, None)
        if callable(end) and not signatures.of(end).required:
            end()
            return

"""The bases of storey's steps, for classes of the user's that derive from them.

The server runs the flow; a class here has what its `do` needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leat_worker.events import Event

__all__ = ["Event", "Extend", "Filter", "FlatMap", "Flow", "ForEach", "Map", "MapClass", "MapWithState"]


class Flow:
    """The base of steps."""

    def __init__(
        self,
        name: str | None = None,
        full_event: bool | None = None,
        context: Any = None,
        input_path: str | None = None,
        result_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = name or type(self).__name__
        self.context = context
        self.logger = getattr(context, "logger", None)
        self.verbose = bool(getattr(context, "verbose", False))
        self._full_event = full_event
        self._input_path = input_path
        self._result_path = result_path
        self._kwargs = kwargs
        self._filter = False

    def filter(self) -> None:
        """Ends the event here: nothing comes after this step."""
        self._filter = True


class MapClass(Flow):
    """A step whose `do` makes one event of another."""

    def __init__(self, long_running: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def do(self, event: Any) -> Any:
        raise NotImplementedError


class _OfFunction(Flow):
    def __init__(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._fn = fn

    def do(self, event: Any) -> Any:
        return self._fn(event)


class Map(_OfFunction):
    """A step that is a function."""


class FlatMap(_OfFunction):
    """A step that makes several events of one."""


class Filter(_OfFunction):
    """A step that lets an event pass if the function says so."""

    def do(self, event: Any) -> Any:
        if not self._fn(event):
            self.filter()
        return event


class Extend(_OfFunction):
    """A step that adds fields."""

    def do(self, event: Any) -> Any:
        event.update(self._fn(event))
        return event


class ForEach(_OfFunction):
    """A step that does something with an event and passes it on."""

    def do(self, event: Any) -> Any:
        self._fn(event)
        return event


class MapWithState(Flow):
    """A step whose function gets and gives a state."""

    def __init__(self, initial_state: Any, fn: Callable[[Any, Any], tuple[Any, Any]], group_by_key: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._state = initial_state
        self._fn = fn

    def do(self, event: Any) -> Any:
        result, self._state = self._fn(event, self._state)
        return result


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"storey.{name}: steps of storey are named in the graph's spec, and run by the server. To use it in code: pip install storey")

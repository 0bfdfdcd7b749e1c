"""mlrun.serving.states: nothing of a graph is built by code that is served."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"mlrun.serving.states.{name} builds graphs; the server reads them from the spec. pip install mlrun")

"""mlrun.serving: the base classes of models, routers and steps."""

from __future__ import annotations

from typing import Any

from .routers import ModelRouter, ParallelRun, VotingEnsemble
from .server import GraphContext, MockEvent, MockTrigger, Response
from .v2_serving import V2ModelServer

__all__ = [
    "GraphContext",
    "MockEvent",
    "MockTrigger",
    "ModelRouter",
    "ParallelRun",
    "Response",
    "V2ModelServer",
    "VotingEnsemble",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"mlrun.serving.{name} is not part of what models need. To use it: pip install mlrun")

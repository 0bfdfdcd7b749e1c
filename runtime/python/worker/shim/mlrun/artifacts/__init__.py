"""mlrun.artifacts: opening models."""

from __future__ import annotations

from typing import Any

from leat_worker.artifacts import ModelSpec as ModelArtifact
from leat_worker.artifacts import get_model

__all__ = ["ModelArtifact", "get_model"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"mlrun.artifacts.{name} is not part of what serving needs. To use it: pip install mlrun")

"""What custom runtimes use of MLServer, for where MLServer is not installed."""

from __future__ import annotations

from typing import Any

from . import codecs, errors, logging, settings, types, utils
from .model import MLModel
from .settings import ModelParameters, ModelSettings, Settings

__version__ = "0.0.0+leat"

__all__ = [
    "MLModel",
    "ModelParameters",
    "ModelSettings",
    "Settings",
    "codecs",
    "errors",
    "log",
    "logging",
    "register",
    "settings",
    "types",
    "utils",
]


def register(name: str, description: str) -> None:
    """Metrics of a model's own are set by what it logs."""


def log(**metrics: float) -> None:
    """Writes metrics to the server's log."""
    logging.logger.info("metrics", **metrics)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"mlserver.{name} is not part of what models need. To use it: pip install mlserver")

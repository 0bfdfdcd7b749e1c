"""What serving code uses of MLRun, for where MLRun is not installed.

A really installed mlrun is found first and wins. Whatever is not here raises an
error that says what to install.
"""

from __future__ import annotations

from typing import Any

from leat_worker.artifacts import DataItem

from . import artifacts, config, datastore, errors, serving, utils
from .config import mlconf
from .errors import MLRunInvalidArgumentError, MLRunNotFoundError
from .run import get_dataitem, get_object, get_or_create_ctx, handler
from .secrets import get_secret_or_env

__version__ = "0.0.0+leat"

__all__ = [
    "DataItem",
    "MLRunInvalidArgumentError",
    "MLRunNotFoundError",
    "artifacts",
    "config",
    "datastore",
    "errors",
    "get_dataitem",
    "get_object",
    "get_or_create_ctx",
    "get_secret_or_env",
    "handler",
    "mlconf",
    "serving",
    "utils",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(
        f"mlrun.{name} is not part of what serving needs. To use it, install MLRun where this Python is: pip install mlrun"
    )

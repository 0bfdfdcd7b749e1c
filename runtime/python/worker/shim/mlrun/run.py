"""mlrun's functions at module level that serving code calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leat_worker.artifacts import DataItem

from .utils import logger


def get_dataitem(url: str, secrets: object = None, db: object = None) -> DataItem:
    """Data at a URL, which the server brings where it is not a file of this machine."""
    return DataItem(url)


def get_object(url: str, secrets: object = None, size: int | None = None, offset: int = 0, db: object = None) -> Any:
    """The content of what is at a URL."""
    return DataItem(url).get(size=size, offset=offset)


class Context:
    """What get_or_create_ctx gives: a context of a run that is not there. Its parameters have their defaults."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.logger = logger
        self.parameters: dict[str, Any] = {}
        self.labels: dict[str, Any] = {}
        self.artifact_path = ""
        self.project = ""

    def get_param(self, key: str, default: Any = None) -> Any:
        return self.parameters.setdefault(key, default)

    def get_input(self, key: str, url: str = "") -> DataItem:
        return DataItem(url or key)

    def get_secret(self, key: str) -> str | None:
        from .secrets import get_secret_or_env

        return get_secret_or_env(key)

    def set_label(self, key: str, value: Any, replace: bool = True) -> None:
        self.labels[key] = value

    def _nothing(self, *args: object, **kwargs: object) -> None:
        """What a run would keep, a server does not."""

    log_result = log_results = log_metric = log_artifact = log_dataset = log_model = commit = set_state = _nothing


def get_or_create_ctx(name: str, *args: object, **kwargs: object) -> Context:
    """A context for code that is also run as a job."""
    return Context(name)


def handler(*args: object, **kwargs: object) -> Callable[[Any], Any]:
    """The decorator of jobs' functions: served as they are."""
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return args[0]  # type: ignore[return-value]
    return lambda function: function

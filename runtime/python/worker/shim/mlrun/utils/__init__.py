"""mlrun.utils, as far as serving code uses it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from leat_worker import values
from leat_worker.context import Logger

logger = Logger()


def create_logger(level: str | None = None, *args: object, **kwargs: object) -> Logger:
    return Logger(level or "debug")


def now_date(tz: timezone = timezone.utc) -> datetime:
    return datetime.now(tz=tz)


def dict_to_json(struct: Any) -> str:
    """JSON in which numpy's values are numbers and lists, and unknown objects text."""
    return json.dumps(struct, default=_default)


def _default(value: object) -> object:
    try:
        return values._plain(value)
    except TypeError:
        return str(value)


class Config:
    """Names of fields that MLRun uses."""

    req_timeout = 60


def get_in(obj: dict[str, Any], keys: str | list[str], default: Any = None) -> Any:
    """What is at a dotted path of a document."""
    for key in keys.split(".") if isinstance(keys, str) else keys:
        if not obj or key not in obj:
            return default
        obj = obj[key]
    return obj


def update_in(obj: dict[str, Any], key: str | list[str], value: Any, append: bool = False, replace: bool = True) -> None:
    """Writes to a dotted path of a document, making what is missing."""
    parts = key.split(".") if isinstance(key, str) else key
    for part in parts[:-1]:
        obj = obj.setdefault(part, {})
    last = parts[-1]
    if append:
        obj.setdefault(last, []).append(value)
    elif replace or not obj.get(last):
        obj[last] = value


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"mlrun.utils.{name} is not part of what serving needs. To use it: pip install mlrun")

"""mlrun.mlconf, as far as serving code reads it."""

from __future__ import annotations

import os


class Config:
    """Settings by attribute. Those that are not set are empty settings, which are false."""

    def __init__(self, values: dict[str, object] | None = None) -> None:
        vars(self).update(values or {})

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return Config()

    def get(self, name: str, default: object = None) -> object:
        return vars(self).get(name, default)

    def __bool__(self) -> bool:
        return bool(vars(self))

    def __str__(self) -> str:
        return str(vars(self)) if vars(self) else ""


mlconf = config = Config(
    {
        "dbpath": os.environ.get("MLRUN_DBPATH", ""),
        "default_project": os.environ.get("MLRUN_DEFAULT_PROJECT", "default"),
        "log_level": os.environ.get("MLRUN_LOG_LEVEL", "INFO"),
        "version": "0.0.0+leat",
    }
)

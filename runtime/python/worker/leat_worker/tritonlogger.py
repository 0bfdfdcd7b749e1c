"""Triton's Logger."""

from __future__ import annotations

import enum

from .context import Logger as _Logger


class _LogLevel(enum.Enum):
    INFO, WARNING, ERROR, VERBOSE = range(4)


class _ModelLogger:
    """Triton's Logger, whose methods are called on the class."""

    LogLevel = _LogLevel
    INFO, WARNING, ERROR, VERBOSE = _LogLevel

    def __init__(self) -> None:
        self._logger = _Logger()

    def log_info(self, message: str) -> None:
        self._logger.info(message)

    def log_warn(self, message: str) -> None:
        self._logger.warning(message)

    def log_error(self, message: str) -> None:
        self._logger.error(message)

    def log_verbose(self, message: str) -> None:
        self._logger.debug(message)

    def log(self, message: str, level: _LogLevel = _LogLevel.INFO) -> None:
        (self.log_info, self.log_warn, self.log_error, self.log_verbose)[level.value](message)


Logger = _ModelLogger()

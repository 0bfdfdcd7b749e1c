"""nuclio_sdk: contexts, events and responses of nuclio's functions."""

from __future__ import annotations

from leat_worker.context import GraphContext as Context
from leat_worker.context import Logger, Platform
from leat_worker.events import Event, Response
from leat_worker.events import Trigger as TriggerInfo

__all__ = ["Context", "Event", "ExceptionWithResponse", "Logger", "Platform", "Response", "TriggerInfo"]


class ExceptionWithResponse(Exception):
    """An exception with the response that it is answered with."""

    def __init__(
        self,
        message: str = "",
        status_code: int = 500,
        body: object = None,
        headers: dict[str, str] | None = None,
        content_type: str | None = None,
    ) -> None:
        super().__init__(message or body or "")
        self.status_code = status_code
        self.body = body
        self.headers = headers or {}
        self.content_type = content_type

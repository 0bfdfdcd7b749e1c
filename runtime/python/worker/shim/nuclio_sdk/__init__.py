"""nuclio_sdk: contexts, events and responses of nuclio's functions."""

from __future__ import annotations

from leat_worker.context import GraphContext as Context
from leat_worker.context import Logger
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


class Platform:
    """The platform, on which other functions could be called: there is none of these here."""

    def __init__(self, kind: str = "local", namespace: str = "") -> None:
        self.kind = kind
        self.namespace = namespace

    def call_function(self, name: str, *args: object, **kwargs: object) -> object:
        raise NotImplementedError(f"function {name} cannot be called from here: make it a step of the graph, or call its URL")

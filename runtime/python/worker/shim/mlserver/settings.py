"""mlserver.settings: what a model knows of its settings."""

from __future__ import annotations

from typing import Any

from .types import _Type


class Settings(_Type):
    _fields = ("debug", "host", "http_port", "grpc_port")


class ModelParameters(_Type):
    _fields = ("uri", "version", "environment_tarball", "format", "content_type", "extra")

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.extra = self.extra or {}


class ModelSettings(_Type):
    """The settings of one model: its name, and its parameters, of which uri is where its files are."""

    _fields = ("name", "implementation", "platform", "versions", "inputs", "outputs", "parameters")

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        parameters = self.parameters
        self.parameters = ModelParameters(**parameters) if isinstance(parameters, dict) else parameters or ModelParameters()
        self.implementation_ = self.implementation
        self.inputs = self.inputs or []
        self.outputs = self.outputs or []

    @property
    def version(self) -> str | None:
        return self.parameters.version  # type: ignore[no-any-return]

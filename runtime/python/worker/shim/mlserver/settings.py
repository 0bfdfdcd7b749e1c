"""mlserver.settings: what a model knows of its settings."""

from __future__ import annotations

from typing import Any

from .types import MetadataTensor, _Type


class Settings(_Type):
    _fields = ("debug", "host", "http_port", "grpc_port")


class ModelParameters(_Type):
    _fields = (
        "uri", "version", "environment_path", "environment_tarball", "inference_pool_gid", "format", "content_type", "extra",
    )  # fmt: skip

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.extra = self.extra or {}


class ModelSettings(_Type):
    """The settings of one model: its name, and its parameters, of which uri is where its files are."""

    _fields = (
        "name", "implementation", "platform", "versions", "inputs", "outputs", "parallel_workers", "warm_workers",
        "max_batch_size", "max_batch_time", "cache_enabled", "parameters",
    )  # fmt: skip
    _usual = {"platform": "", "versions": [], "warm_workers": False, "max_batch_size": 0, "max_batch_time": 0.0, "cache_enabled": False}

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**self._usual, **{k: v for k, v in given.items() if k in self._fields}})
        parameters = self.parameters
        self.parameters = ModelParameters(**parameters) if isinstance(parameters, dict) else parameters or ModelParameters()
        self.implementation_ = self.implementation
        self.inputs = [_tensor(one) for one in self.inputs or []]
        self.outputs = [_tensor(one) for one in self.outputs or []]

    @property
    def version(self) -> str | None:
        return self.parameters.version  # type: ignore[no-any-return]


def _tensor(one: Any) -> Any:
    return MetadataTensor(**one) if isinstance(one, dict) else one

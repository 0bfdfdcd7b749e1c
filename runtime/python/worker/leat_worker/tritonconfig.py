"""What a model of Triton's is told of itself: its configuration, and where it lies."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from . import pbtxt


class ModelConfig:
    """What auto_complete_config completes."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    def as_dict(self) -> dict[str, Any]:
        return self._config

    def _add(self, end: str, properties: dict[str, Any]) -> None:
        known = self._config.setdefault(end, [])
        if not any(one.get("name") == properties["name"] for one in known):
            known.append(dict(properties))

    def add_input(self, properties: dict[str, Any]) -> None:
        self._add("input", properties)

    def add_output(self, properties: dict[str, Any]) -> None:
        self._add("output", properties)

    def set_max_batch_size(self, size: int) -> None:
        self._config["max_batch_size"] = size

    def set_dynamic_batching(self) -> None:
        self._config.setdefault("dynamic_batching", {})

    def set_model_transaction_policy(self, policy: dict[str, Any]) -> None:
        self._config["model_transaction_policy"] = policy


def folder(target: type, path: str) -> str:
    file = getattr(sys.modules.get(target.__module__), "__file__", "") or ""
    folder = os.path.abspath(path or os.path.dirname(file))
    return os.path.dirname(folder) if os.path.isfile(folder) else folder


def repository(folder: str, version: str) -> str:
    """The model's folder, which the version's is in: where Triton's models look for files."""
    return os.path.dirname(folder) if os.path.basename(folder) == version else folder


def configuration(target: type, folder: str, name: str, args: dict[str, object], told: object = None) -> dict[str, object]:
    """What the server has read of the configuration, or what config.pbtxt says, in the model's folder or the one above."""
    config: dict[str, object] = dict(told) if isinstance(told, dict) else {}
    for place in () if config else (folder, os.path.dirname(folder)):
        file = os.path.join(place, "config.pbtxt")
        if os.path.isfile(file):
            with open(file, encoding="utf-8") as text:
                config = pbtxt.loads(text.read())
            break
    config.setdefault("name", name)
    config.setdefault("backend", "python")
    config.setdefault("max_batch_size", 0)
    config.setdefault("input", [])
    config.setdefault("output", [])
    parameters = config.setdefault("parameters", {})
    for key, value in args.items():
        parameters[key] = {"string_value": value if isinstance(value, str) else json.dumps(value)}  # type: ignore[index]
    complete = getattr(target, "auto_complete_config", None)
    if complete is not None and not config["input"] and not config["output"]:
        config = (complete(ModelConfig(config)) or ModelConfig(config)).as_dict()
    return config


def schema(one: dict[str, object], batched: bool) -> dict[str, object]:
    kind = str(one.get("data_type") or "").replace("TYPE_", "")
    shape = [-1] * batched + (one.get("dims") or [-1])  # type: ignore[operator]
    told = {"name": one.get("name"), "datatype": "BYTES" if kind == "STRING" else kind, "shape": shape}
    return {**told, "optional": True} if one.get("optional") else told


def outputs(config: dict[str, object]) -> tuple[list[str], set[str]]:
    """The names of the model's outputs, and of those of its states, which are none of the client's."""
    batching = config.get("sequence_batching")
    states = batching.get("state") if isinstance(batching, dict) else None
    return [o["name"] for o in config["output"]], {s.get("output_name") for s in states or ()}  # type: ignore[attr-defined]

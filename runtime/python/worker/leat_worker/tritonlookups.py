"""Functions of Triton's that find things by name, and where the model is."""

from __future__ import annotations

import os
import sys
from typing import Any


def _by_name(things: Any, name: str) -> Any:
    return next((t for t in things if (t.get("name") if isinstance(t, dict) else t.name()) == name), None)


def get_input_tensor_by_name(inference_request: Any, name: str) -> Any:
    return _by_name(inference_request.inputs(), name)


def get_output_tensor_by_name(inference_response: Any, name: str) -> Any:
    return _by_name(inference_response.output_tensors(), name)


def get_input_config_by_name(model_config: dict[str, Any], name: str) -> dict[str, Any] | None:
    return _by_name(model_config.get("input", ()), name)


def get_output_config_by_name(model_config: dict[str, Any], name: str) -> dict[str, Any] | None:
    return _by_name(model_config.get("output", ()), name)


def using_decoupled_model_transaction_policy(model_config: dict[str, Any]) -> bool:
    return bool(model_config.get("model_transaction_policy", {}).get("decoupled"))


folder = ""  # of the model's code


def get_model_dir() -> str:
    if folder:
        return folder
    frame = sys._getframe(1)
    return os.path.dirname(os.path.abspath(frame.f_code.co_filename))

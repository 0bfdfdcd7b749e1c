"""triton_python_backend_utils: what models of Triton's Python backend import, which Triton alone has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from leat_worker.context import Logger as _Logger

TRITONSERVER_RESPONSE_COMPLETE_FINAL = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_START = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_END = 2

_TYPES: dict[str, Any] = {
    "BOOL": np.bool_, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64,
    "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
    "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "STRING": np.object_, "BYTES": np.object_,
}  # fmt: skip


def triton_string_to_numpy(triton_type_string: str) -> Any:
    """numpy's type for "TYPE_FP32"."""
    return _TYPES.get(triton_type_string.replace("TYPE_", "", 1))


def numpy_to_triton_type(data_type: Any) -> str:
    for name, known in _TYPES.items():
        if np.dtype(known) == np.dtype(data_type):
            return "TYPE_" + name
    raise TritonModelException(f"Triton has no type for {data_type}")


def _array(data: Any, datatype: str, shape: Sequence[int]) -> Any:
    """The data of a request as an array; text as bytes, as Triton has it."""
    if datatype != "BYTES":
        return np.asarray(data, dtype=_TYPES.get(datatype)).reshape(shape)
    flat = np.asarray(data, dtype=object).reshape(-1)
    out = np.empty(len(flat), dtype=object)
    out[:] = [v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in flat]
    return out.reshape(shape)


class TritonModelException(Exception):
    """An error of a model."""


class TritonError:
    """What a response says has failed."""

    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = range(8)

    def __init__(self, message: str = "", code: int = 1) -> None:
        self._message = message
        self._code = code

    def message(self) -> str:
        return self._message

    def code(self) -> int:
        return self._code

    def __str__(self) -> str:
        return self._message


class Tensor:
    """A named array."""

    def __init__(self, name: str, array: Any) -> None:
        self._name = name
        self._array = np.asarray(array)

    def name(self) -> str:
        return self._name

    def as_numpy(self) -> Any:
        return self._array

    def triton_dtype(self) -> str:
        return numpy_to_triton_type(self._array.dtype)

    def shape(self) -> tuple[int, ...]:
        return self._array.shape  # type: ignore[no-any-return]

    def is_cpu(self) -> bool:
        return True

    def to_dlpack(self) -> Any:
        return self._array.__dlpack__()

    @staticmethod
    def from_dlpack(name: str, tensor: Any) -> Tensor:
        return Tensor(name, np.from_dlpack(tensor))


class _Sender:
    """Takes the responses of a model that sends them one by one."""

    def __init__(self, to: Any = None) -> None:
        self._to = to  # where they go at once; None keeps them until execute returns
        self._sent: list[InferenceResponse] = []

    def send(self, response: InferenceResponse | None = None, flags: int = 0) -> None:
        if response is not None:
            if self._to is None:
                self._sent.append(response)
            else:
                self._to.put(response)
        if flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL and self._to is not None:
            self._to.end()

    def is_cancelled(self) -> bool:
        return self._to is not None and self._to.is_cancelled

    def __del__(self) -> None:
        if self._to is not None:
            self._to.end()  # nobody can send any more


class InferenceRequest:
    """One request."""

    def __init__(
        self,
        request_id: str = "",
        correlation_id: Any = 0,
        inputs: Sequence[Tensor] = (),
        requested_output_names: Sequence[str] = (),
        model_name: str = "",
        model_version: int = -1,
        flags: int = 0,
        timeout: int = 0,
        parameters: str = "{}",
        **_: Any,
    ) -> None:
        self._inputs = list(inputs)
        self._outputs = list(requested_output_names)
        self._model_name = model_name
        self._id = request_id
        self._correlation_id = correlation_id
        self._flags = flags
        self._timeout = timeout
        self._parameters = parameters
        self._sender = _Sender()

    def inputs(self) -> list[Tensor]:
        return self._inputs

    def request_id(self) -> str:
        return self._id

    def correlation_id(self) -> Any:
        return self._correlation_id

    def requested_output_names(self) -> list[str]:
        return self._outputs

    def model_name(self) -> str:
        return self._model_name

    def parameters(self) -> str:
        return self._parameters

    def flags(self) -> int:
        return self._flags

    def timeout(self) -> int:
        return self._timeout

    def is_cancelled(self) -> bool:
        return self._sender.is_cancelled()

    def get_response_sender(self) -> _Sender:
        return self._sender

    def exec(self, *_: Any, **__: Any) -> Any:
        raise TritonModelException("a model cannot call another one here: make them steps of a graph")

    async_exec = exec


class InferenceResponse:
    """What a model answers: tensors, or an error."""

    def __init__(self, output_tensors: Sequence[Tensor] | None = None, error: TritonError | None = None, **_: Any) -> None:
        self._outputs = list(output_tensors or ())
        self._error = TritonError(error) if isinstance(error, str) else error

    def output_tensors(self) -> list[Tensor]:
        return self._outputs

    def has_error(self) -> bool:
        return self._error is not None

    def error(self) -> TritonError | None:
        return self._error


def _by_name(things: Any, name: str) -> Any:
    return next((t for t in things if (t.name() if isinstance(t, Tensor) else t.get("name")) == name), None)


def get_input_tensor_by_name(inference_request: InferenceRequest, name: str) -> Tensor | None:
    return _by_name(inference_request.inputs(), name)  # type: ignore[no-any-return]


def get_output_tensor_by_name(inference_response: InferenceResponse, name: str) -> Tensor | None:
    return _by_name(inference_response.output_tensors(), name)  # type: ignore[no-any-return]


def get_input_config_by_name(model_config: dict[str, Any], name: str) -> dict[str, Any] | None:
    return _by_name(model_config.get("input", ()), name)  # type: ignore[no-any-return]


def get_output_config_by_name(model_config: dict[str, Any], name: str) -> dict[str, Any] | None:
    return _by_name(model_config.get("output", ()), name)  # type: ignore[no-any-return]


def using_decoupled_model_transaction_policy(model_config: dict[str, Any]) -> bool:
    return bool(model_config.get("model_transaction_policy", {}).get("decoupled"))


def get_model_dir() -> str:
    import os
    import sys

    frame = sys._getframe(1)
    return os.path.dirname(os.path.abspath(frame.f_code.co_filename))


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


class _ModelLogger:
    """Triton's Logger, whose methods are called on the class."""

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

    def log(self, message: str, level: Any = None) -> None:
        self._logger.info(message)


Logger = _ModelLogger()

"""triton_python_backend_utils: what models of Triton's Python backend import, which Triton alone has."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from leat_worker.context import Logger as _Logger
from leat_worker.tritonconfig import ModelConfig as ModelConfig
from leat_worker.tritonmetrics import MetricFamily as MetricFamily
from leat_worker.tritontypes import (
    TRITON_STRING_TO_NUMPY as TRITON_STRING_TO_NUMPY,
    deserialize_bytes_tensor as deserialize_bytes_tensor,
    numpy_to_triton_type as numpy_to_triton_type,
    serialize_byte_tensor as serialize_byte_tensor,
    triton_string_to_numpy as triton_string_to_numpy,
    triton_to_numpy_type as triton_to_numpy_type,
)

TRITONSERVER_RESPONSE_COMPLETE_FINAL = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_START = 1
TRITONSERVER_REQUEST_FLAG_SEQUENCE_END = 2
TRITONSERVER_REQUEST_RELEASE_ALL = 1
TRITONSERVER_REQUEST_RELEASE_RESCHEDULE = 2
TRITONSERVER_MEMORY_GPU = 0
TRITONSERVER_MEMORY_CPU = 1


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


_STATUS = {TritonError.NOT_FOUND: 404, TritonError.INVALID_ARG: 400, TritonError.UNAVAILABLE: 503, TritonError.UNSUPPORTED: 501,
           TritonError.ALREADY_EXISTS: 400, TritonError.CANCELLED: 400}  # fmt: skip


def _status(error: TritonError) -> int:
    """The HTTP status of an error, as Triton answers with it; 0 is a failure of the model, 500."""
    return _STATUS.get(error.code(), 0)


def _raised(error: TritonError) -> TritonModelException:
    """The error of a response as an exception."""
    exc = TritonModelException(error.message())
    exc.status_code = _status(error)  # type: ignore[attr-defined]
    return exc


class Tensor:
    """A named array."""

    def __init__(self, name: str, array: Any) -> None:
        self._name = name
        self._array = np.asarray(array)

    def name(self) -> str:
        return self._name

    def as_numpy(self) -> Any:
        return self._array

    def triton_dtype(self) -> int:
        return numpy_to_triton_type(self._array.dtype)

    def shape(self) -> tuple[int, ...]:
        return self._array.shape  # type: ignore[no-any-return]

    def is_cpu(self) -> bool:
        return True

    def to_dlpack(self) -> Any:
        return self._array.__dlpack__()

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    @staticmethod
    def from_dlpack(name: str, tensor: Any) -> Tensor:
        return Tensor(name, np.from_dlpack(tensor))


class _Sender:
    """Takes the responses of a model that sends them one by one: Triton's InferenceResponseSender."""

    def __init__(self, to: Any = None, watch: Any = None) -> None:
        self._to = to  # where they go at once; None keeps them until execute returns
        self._watch = watch or to  # what knows whether the call was cancelled
        self._sent: list[InferenceResponse] = []
        self._final = False

    def send(self, response: InferenceResponse | None = None, flags: int = 0) -> None:
        if self._final:
            raise TritonModelException("Unable to send response. Response sender has been closed.")
        if response is not None:
            if self._to is None:
                if self._sent:
                    raise TritonModelException("Unable to send response. Non-decoupled model cannot send more than one response.")
                self._sent.append(response)
            else:
                self._to.put(response)
        if flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL:
            self._final = True
            if self._to is not None:
                self._to.end()

    def is_cancelled(self) -> bool:
        return self._watch is not None and self._watch.is_cancelled

    def __del__(self) -> None:
        if self._to is not None and not self._final:
            self._to.let_go()  # nobody can send any more


class InferenceTrace:
    """The trace of a request. There is none to be passed on."""

    def get_context(self) -> str | None:
        return None


class PreferredMemory:
    """Where a model wants the outputs of another to be: here they are in the computer's memory."""

    def __init__(self, preferred_memory_type: int, preferred_device_id: int = 0) -> None:
        self._type = preferred_memory_type
        self._device = preferred_device_id


class InferenceRequest:
    """One request."""

    def __init__(
        self,
        request_id: str = "",
        correlation_id: int | str = 0,
        inputs: Sequence[Tensor] = (),
        requested_output_names: Iterable[str] = (),
        model_name: str = "",
        model_version: int = -1,
        flags: int = 0,
        timeout: int = 0,
        parameters: str | dict[str, Any] = "{}",
        **_: Any,
    ) -> None:
        self._inputs = list(inputs)
        self._outputs = set(requested_output_names)
        self._model_name = model_name
        self._id = request_id
        self._correlation_id = correlation_id
        self._flags = flags
        self._timeout = timeout
        self._parameters = parameters if isinstance(parameters, str) else json.dumps(parameters)
        self._sender = _Sender()

    def inputs(self) -> list[Tensor]:
        return self._inputs

    def request_id(self) -> str:
        """The id that the client has given the request; empty where it has given none."""
        return self._id

    def correlation_id(self) -> int | str:
        """The id of the sequence that the request belongs to; 0 where it belongs to none."""
        return self._correlation_id

    def requested_output_names(self) -> set[str]:
        """The outputs that the client has asked for; all of the model's where it has named none."""
        return self._outputs

    def model_name(self) -> str:
        return self._model_name

    def parameters(self) -> str:
        """The parameters of the request as JSON, without those by which it is scheduled."""
        return self._parameters

    def flags(self) -> int:
        """TRITONSERVER_REQUEST_FLAG_SEQUENCE_START and _END, or 0."""
        return self._flags

    def set_flags(self, flags: int) -> None:
        self._flags = flags

    def timeout(self) -> int:
        """How long the request may wait, in microseconds, where it says so; else 0."""
        return self._timeout

    def set_release_flags(self, flags: int) -> None:
        if flags & TRITONSERVER_REQUEST_RELEASE_RESCHEDULE:
            raise TritonModelException("a request cannot be scheduled again: iterative sequences are not served")

    def trace(self) -> InferenceTrace:
        return InferenceTrace()

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

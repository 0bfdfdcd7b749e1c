"""triton_python_backend_utils: what models of Triton's Python backend import, which Triton alone has."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from leat_worker import link as _link, oip as _oip, tensors as _tensors, tritoncalls as _calls, values as _values
from leat_worker.tritonconfig import ModelConfig as ModelConfig
from leat_worker.tritonlogger import Logger as Logger
from leat_worker.tritonlookups import (
    get_input_config_by_name as get_input_config_by_name,
    get_input_tensor_by_name as get_input_tensor_by_name,
    get_model_dir as get_model_dir,
    get_output_config_by_name as get_output_config_by_name,
    get_output_tensor_by_name as get_output_tensor_by_name,
    using_decoupled_model_transaction_policy as using_decoupled_model_transaction_policy,
)
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


class _ErrorCode(enum.IntEnum):
    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = range(8)


class TritonError:
    """What a response says has failed."""

    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = _ErrorCode

    def __init__(self, message: str = "", code: int = _ErrorCode.INTERNAL) -> None:
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
        if flags not in (0, TRITONSERVER_RESPONSE_COMPLETE_FINAL):
            raise TritonModelException("Unable to send response. Unsupported flag provided.")
        if response is None and not flags:
            raise TritonModelException("Inference Response object must be provided when the response flags is set to zero.")
        if self._final:
            raise TritonModelException("Unable to send response. Response sender has been closed.")
        if response is not None:
            if self._to is None:
                if self._sent:
                    raise TritonModelException("Unable to send response. Non-decoupled model cannot send more than one response.")
                self._sent.append(response)
            else:
                self._to.put(response)
        elif self._to is None and not self._sent:
            raise TritonModelException("Unable to send response. Non-decoupled model cannot send complete final before sending a response.")
        if flags:
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

    def __init__(self, preferred_memory_type: int = TRITONSERVER_MEMORY_CPU, preferred_device_id: int = 0) -> None:
        self._type = preferred_memory_type
        self._device = preferred_device_id


class InferenceRequest:
    """One request: one that a model has got, or one that it makes, to put it to another model."""

    def __init__(
        self,
        request_id: str = "",
        correlation_id: int | str = 0,
        inputs: Sequence[Tensor] | None = None,
        requested_output_names: Iterable[str] | None = None,
        model_name: str | None = None,
        model_version: int = -1,
        flags: int = 0,
        timeout: int = 0,
        preferred_memory: PreferredMemory | None = None,
        trace: InferenceTrace | None = None,
        parameters: dict[str, bool | int | str] | None = None,
    ) -> None:
        if inputs is None or requested_output_names is None or model_name is None:
            raise TypeError("an InferenceRequest needs inputs, requested_output_names and model_name")
        whose = f"for request with id '{request_id}' and model name '{model_name}' should not be empty."
        self._inputs, self._outputs = list(inputs), set(requested_output_names)
        if any(one is None for one in self._inputs):
            raise TritonModelException(f"Input tensor {whose}")
        if "" in self._outputs:
            raise TritonModelException(f"Requested output name {whose}")
        if isinstance(correlation_id, bool) or not isinstance(correlation_id, (int, str)):
            raise TritonModelException("Correlation ID must be integer or string")
        for kind, given in ((str, [request_id, model_name]), (int, [model_version, flags, timeout]), (Tensor, self._inputs)):
            for one in given:
                if not isinstance(one, kind):
                    raise TypeError(f"an InferenceRequest got {one!r} in the place of {kind.__name__}")
        self._model_name, self._model_version = model_name, model_version
        self._id, self._correlation_id = request_id, correlation_id
        self._flags, self._timeout = flags, timeout
        self._parameters = json.dumps(_plain_parameters(parameters))
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

    def exec(self, decoupled: bool = False) -> Any:
        """Has the model answer: a response, or with `decoupled` what gives them one by one. What fails is in the response."""
        return (ResponseIterator if decoupled else _response)(_calls.wait(self._begin(decoupled, False)))

    def async_exec(self, decoupled: bool = False) -> Any:
        """The same, to be awaited. The request is under way at once."""
        make = ResponseIterator if decoupled else _response
        return _calls.later(lambda done: self._begin(decoupled, True, done), make)

    def _begin(self, decoupled: bool, awaited: bool, done: Any = None) -> int:
        """Puts the request to its model; the number is to wait by."""
        try:
            inputs = [_oip.Output(t.name(), _tensors.datatype(t.as_numpy()) or "BYTES", t.shape(), t.as_numpy()) for t in self._inputs]  # type: ignore[arg-type]
            return _calls.begin(self._question(decoupled, awaited), inputs, done)
        except (RuntimeError, _link.NotGiven, _values.Unwritable) as exc:
            raise TritonModelException(str(exc)) from None

    def _question(self, decoupled: bool, awaited: bool) -> dict[str, Any]:
        """What the server is asked."""
        call, blocks = _calls.for_whom()
        parameters = json.loads(self._parameters)
        start, end = TRITONSERVER_REQUEST_FLAG_SEQUENCE_START, TRITONSERVER_REQUEST_FLAG_SEQUENCE_END
        if self._correlation_id:
            parameters["sequence_id"] = self._correlation_id
            parameters.update({name: True for name, bit in (("sequence_start", start), ("sequence_end", end)) if self._flags & bit})
        if self._timeout > 0:
            parameters["timeout"] = self._timeout
        question: dict[str, Any] = {"ask": "infer", "model": self._model_name, "call": call, "blocks": blocks and not (awaited and _calls.task.get())}
        if self._model_version >= 0:
            question["version"] = str(self._model_version)
        for key, value in (("id", self._id), ("outputs", sorted(self._outputs)), ("params", parameters), ("many", decoupled)):
            if value:
                question[key] = value
        return question


class _Given(InferenceRequest):
    """A request as the worker makes it for a model."""

    def __init__(  # the checks of the other would only take time
        self, request_id: str, correlation_id: int | str, inputs: list[Tensor], outputs: Iterable[str], model_name: str, flags: int, timeout: int, parameters: str
    ) -> None:
        self._inputs, self._outputs = inputs, set(outputs)
        self._model_name, self._model_version = model_name, -1
        self._id, self._correlation_id = request_id, correlation_id
        self._flags, self._timeout = flags, timeout
        self._parameters = parameters
        self._sender = _Sender()


def _plain_parameters(given: dict[str, Any] | None) -> dict[str, Any]:
    """The parameters of a request, which are of few kinds."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise TritonModelException(f"Expect a dict of parameters, got {type(given)}")
    for key, value in given.items():
        if not isinstance(key, str):
            raise TritonModelException(f"Expect parameters keys to have type str, found type {type(key)}")
        if not isinstance(value, (bool, int, str)):
            raise TritonModelException(f"Expect parameters values to have type bool/int/str, found type {type(value)}")
    return given


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


def _response(said: dict[str, Any]) -> InferenceResponse:
    """The response that an answer of the server's is."""
    if "failed" in said:
        return InferenceResponse(error=TritonError(said["failed"], _ErrorCode(said.get("code", 1))))
    return InferenceResponse([Tensor(name, array) for name, array in said.get("tensors", ())])


class ResponseIterator:
    """The responses of a model that gives any number of them, one by one; in coroutines by `async for`, too."""

    def __init__(self, said: dict[str, Any]) -> None:
        self._number: int | None = said.get("number")
        self._only = None if self._number is not None else _response(said)  # why there are none

    def __iter__(self) -> ResponseIterator:
        return self

    def __aiter__(self) -> ResponseIterator:
        return self

    def __next__(self) -> InferenceResponse:
        response = self._taken(_calls.wait(self._ask()) if self._number is not None else {})
        if response is None:
            raise StopIteration("Iteration is done for the responses.")
        return response

    async def __anext__(self) -> InferenceResponse:
        response = await _calls.later(self._ask, self._taken) if self._number is not None else self._taken({})  # type: ignore[misc]
        if response is None:
            raise StopAsyncIteration
        return response  # type: ignore[no-any-return]

    def _ask(self, done: Any = None) -> int:
        return _link.begin(_calls.following(self._number, done is not None), done=done)  # type: ignore[arg-type]

    def _taken(self, said: dict[str, Any]) -> InferenceResponse | None:
        """The response that has come; None if there are no more."""
        if self._number is None:
            only, self._only = self._only, None
            return only
        if "over" in said:
            self._number = None
            return None
        return _response(said)

    def __del__(self) -> None:
        if getattr(self, "_number", None) is not None:
            _calls.stop(self._number)  # type: ignore[arg-type]


def _changed(ask: str, doing: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    try:
        said = _calls.change(ask, *args, **kwargs)
    except _link.NotGiven as exc:
        said = {"failed": str(exc)}
    if "failed" in said and (ask, said.get("code")) != ("unload", _ErrorCode.NOT_FOUND):
        raise TritonModelException(f"Failed to {doing}: {said['failed']}")
    return said


def load_model(model_name: str, config: str = "", files: dict[str, bytes] | None = None) -> None:
    """Loads a model of the server's repository, or loads it anew: with another configuration, in JSON, and other files where they are given."""
    if files is not None and not isinstance(files, dict):
        raise TritonModelException(f"failed to load model '{model_name}', files should be a dictionary of file paths and file contents")
    _changed("load", "load model", model_name, config, files)


def unload_model(model_name: str, unload_dependents: bool = False) -> None:
    """Takes a model out of service. Ensembles that it is a part of are not ready from then on."""
    _changed("unload", "unload model", model_name)


def is_model_ready(model_name: str, model_version: str = "") -> bool:
    """Whether a model, or that version of it, can be asked."""
    if model_version and not model_version.isdecimal():
        raise TritonModelException(
            f"Failed to check model readiness: failed to get model version from specified version string '{model_version}', "
            "version should be an integral value > 0"
        )
    return bool(_changed("ready", "check model readiness", model_name, version=model_version)["ready"])

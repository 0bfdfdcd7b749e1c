"""Hosts the models of Triton's Python backend: classes named TritonPythonModel."""

from __future__ import annotations

import _thread
import json
from collections.abc import Iterable

from . import oip, signatures, tensors, tritoncalls, tritonconfig, tritonlookups, tritonmetrics, wire
from .answers import Answer
from .context import GraphContext
from .coroutines import Loop
from .failures import Refused
from .host import Host
from .senders import Sender, Watch
from .wire import Frame

# Parameters of requests that are none of the model's, by Triton's extensions sequence,
# schedule_policy and binary_data: the request has methods for them, or the server has used them.
_SERVERS = {"sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "binary_data_output"}


class TritonHost(Host):
    """A model with execute, perhaps initialize and finalize. It gets one request at a time, or those that the server has put together."""

    hooks = ["initialize", "execute", "finalize"]

    def __init__(self, target: type, spec: dict[str, object], context: GraphContext, loop: Loop) -> None:
        import triton_python_backend_utils as utils  # the shim: Triton's own is nowhere but in Triton

        from . import tritontypes

        self._utils = utils
        self._array = tritontypes.array
        self._name = str(spec.get("name") or "")
        self._version = str(spec.get("version") or "1")
        self._instance = getattr(context, "worker_id", 0)
        self._folder = tritonconfig.folder(target, str(spec.get("model_path") or ""))
        self._config = tritonconfig.configuration(target, self._folder, self._name, dict(spec.get("args") or {}), spec.get("configuration"))  # type: ignore[call-overload]
        self._outputs, self._states = tritonconfig.outputs(self._config)
        self.object = target()
        self.is_async = signatures.is_async(self.object.execute)
        self._decoupled = utils.using_decoupled_model_transaction_policy(self._config)
        self._ready = False
        tritoncalls.serving.loop = loop
        tritonlookups.folder = self._folder

    def load(self) -> dict[str, object]:
        if hasattr(self.object, "initialize"):
            self.object.initialize(
                {
                    "model_config": json.dumps(self._config),
                    "model_instance_kind": "CPU",
                    "model_instance_device_id": "0",
                    "model_instance_name": f"{self._name}_0_{self._instance}",
                    "model_repository": tritonconfig.repository(self._folder, self._version),
                    "model_version": self._version,
                    "model_name": self._name,
                }
            )
        self._ready = True
        tritoncalls.serving.loaded += 1
        tritoncalls.serving.threads = self.streams.serving  # type: ignore[attr-defined]
        batched = bool(self._config["max_batch_size"])
        told: dict[str, object] = {end + "s": [tritonconfig.schema(one, batched) for one in self._config[end]] for end in ("input", "output")}  # type: ignore[attr-defined]
        if self._decoupled:
            told["streams"] = told["decoupled"] = True
        return _with_news({**told, "max_batch_size": self._config["max_batch_size"]})

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        frame.doing, frame.at = "execute", self.object.execute
        if tensors.numpy(load=True) is None:
            raise Refused("models of Triton's Python backend need numpy: pip install numpy")
        said = oip.read(frame, meta)
        given = [self._utils.Tensor(i.name, self._array(i.data, i.datatype, i.shape)) for i in said.inputs]
        if "stream" in meta:
            return self._stream(frame, meta, self._request(given, said.id, said.parameters, said.outputs))
        watch = Watch(self.streams, frame.call)
        if "rows" in meta:
            requests = self._several(given, meta, watch)
        else:
            requests = [self._request(given, said.id, said.parameters, said.outputs, watch)]
        if self.is_async:
            return self._await(requests, watch)
        serving = tritoncalls.serving
        serving.executing, serving.decoupled = frame.call, self._decoupled
        try:
            return _Responses(self.object.execute(requests), requests)
        finally:
            serving.executing = 0
            watch.end()

    async def _await(self, requests: list[object], watch: Watch) -> object:
        self._in_task(watch.call)
        try:
            return _Responses(await self.object.execute(requests), requests)
        finally:
            watch.end()

    def _in_task(self, call: int) -> None:
        """The task that runs here answers the call."""
        tritoncalls.task.set(call)
        self.streams.serving.add(_thread.get_ident())  # type: ignore[attr-defined]

    def _request(self, given: list[object], identity: object, parameters: object, outputs: object, watch: Watch | None = None) -> object:
        said: dict[str, object] = parameters if isinstance(parameters, dict) else {}
        start, end = self._utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START, self._utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END
        request = self._utils._Given(
            inputs=given,
            outputs=[str(o["name"]) for o in outputs] if outputs else self._outputs,  # type: ignore[attr-defined]
            model_name=self._name,
            request_id="" if identity is None else str(identity),
            correlation_id=said.get("sequence_id") or 0,
            flags=start * bool(said.get("sequence_start")) + end * bool(said.get("sequence_end")),
            timeout=said.get("timeout") or 0,
            parameters=json.dumps({k: v for k, v in said.items() if k not in _SERVERS}, separators=(",", ":")) if said else "{}",
        )
        if watch is not None:
            request._sender = self._utils._Sender(watch=watch)
        return request

    def _several(self, given: list[object], meta: dict[str, object], watch: Watch) -> list[object]:
        """The requests of which the inputs have the rows one behind another, and what each of them says."""
        requests: list[object] = []
        at = 0
        arrays = [(one.name(), one.as_numpy()) for one in given]  # type: ignore[attr-defined]
        rows: list[int] = meta["rows"]  # type: ignore[assignment]
        each: list[dict[str, object]] = meta.get("requests") or [{}] * len(rows)  # type: ignore[assignment]
        for n, own in zip(rows, each):
            own_rows = [self._utils.Tensor(name, array[at : at + n]) for name, array in arrays]
            requests.append(self._request(own_rows, own.get("id"), own.get("params"), own.get("outputs"), watch))
            at += n
        return requests

    # Streams.

    def _stream(self, frame: Frame, meta: dict[str, object], request: object) -> object:
        """Has the model send responses until it says that they are all, wherever it does so, or return the only one."""
        sender = Sender(self.streams, self, frame, meta)
        self.streams.add(sender)  # type: ignore[attr-defined]
        request._sender = self._utils._Sender(sender)  # type: ignore[attr-defined]
        if self.is_async:
            return self._await_stream(request, sender)
        sender.running = True
        serving = tritoncalls.serving
        serving.executing, serving.decoupled = frame.call, self._decoupled
        try:
            responses = self.object.execute([request])
        except wire.Closed:
            raise
        except BaseException as exc:  # noqa: BLE001 - the user's code may raise anything
            return sender.fault(exc)
        finally:
            serving.executing = 0
            sender.running = False
        return self._sending(responses, request, sender)

    async def _await_stream(self, request: object, sender: Sender) -> object:
        sender.in_task()
        tritoncalls.task.set(sender.call)
        try:
            responses = await self.object.execute([request])
        except wire.Closed:
            raise
        except BaseException as exc:  # noqa: BLE001 - as above, and CancelledError
            return sender.fault(exc)
        return self._sending(responses, request, sender)

    def _sending(self, responses: object, request: object, sender: Sender) -> object:
        if responses is None:
            return sender
        sender.drop()
        return _Responses(responses, [request])

    # Answers.

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        each = result.each()  # type: ignore[attr-defined]
        if "rows" in meta:
            return self._answers(each, result.requests)  # type: ignore[attr-defined]
        error = each[0].error() if hasattr(each[0], "error") else None
        if error is not None:
            raise self._utils._raised(error)
        return self._written(each[0], result.requests[0].requested_output_names())  # type: ignore[attr-defined]

    def part(self, element: object, frame: Frame, meta: dict[str, object]) -> Answer:
        error = element.error() if hasattr(element, "error") else None  # type: ignore[attr-defined]
        if error is not None:
            return 0, self._failed(error), b""
        return self._written(element, self._names(meta))

    def _written(self, response: object, names: Iterable[str]) -> Answer:
        flags, said, buffers = oip.write(self._asked(response, names))
        return flags, _with_news(said or {}), buffers

    def _failed(self, error: object) -> dict[str, object]:
        """What is told of a response that is an error."""
        status = self._utils._status(error)
        return {"failed": True, "error": error.message(), **({"status": status} if status else {})}  # type: ignore[attr-defined]

    def _answers(self, responses: list[object], requests: list[object]) -> Answer:
        """The answer to several requests: all tensors, and which of them are whose."""
        said: list[dict[str, object]] = []
        outputs: list[oip.Output] = []
        for one, request in zip(responses, requests):
            error = one.error() if hasattr(one, "error") else None  # type: ignore[attr-defined]
            if error is not None:
                said.append(self._failed(error))
                continue
            own = self._asked(one, request.requested_output_names())  # type: ignore[attr-defined]
            said.append({"tensors": len(own)})
            outputs += own
        flags, meta, buffers = oip.write(outputs)
        return flags, _with_news({**(meta or {}), "responses": said}), buffers

    def _names(self, meta: dict[str, object]) -> list[str]:
        asked = meta.get("outputs")
        return [str(o["name"]) for o in asked] if asked else self._outputs  # type: ignore[attr-defined]

    def _asked(self, response: object, names: Iterable[str]) -> list[oip.Output]:
        """The outputs of a response that are asked for, and those that are states. Others are dropped, as by Triton."""
        if not hasattr(response, "output_tensors"):
            raise TypeError(f"execute returned {type(response).__name__} in the place of an InferenceResponse")
        outputs = []
        for one in response.output_tensors():
            name = one.name()
            if self._outputs and name not in names and name not in self._states:
                continue
            array = one.as_numpy()
            outputs.append(oip.Output(name, tensors.datatype(array) or "BYTES", array.shape, array))
        return outputs

    def close(self) -> None:
        if self._ready:
            self._ready = False
            tritoncalls.serving.loaded -= 1
        if hasattr(self.object, "finalize"):
            self.object.finalize()


def _with_news(said: dict[str, object]) -> dict[str, object]:
    """Metadata, with the model's own metrics where they have changed."""
    news = tritonmetrics.news()
    return said if news is None else {**said, "metrics": news}


class _Responses:
    """What the model answered to requests: a list in their order, or by their senders."""

    def __init__(self, returned: object, requests: list[object]) -> None:
        self.requests = requests
        self._returned = returned

    def each(self) -> list[object]:
        """One response for each request."""
        returned, n = self._returned, len(self.requests)
        if returned is None:
            returned = [None] * n
        if not isinstance(returned, (list, tuple)) or len(returned) != n:
            what = "one request and returned" if n == 1 else f"{n} requests and returned"
            raise TypeError(f"execute got {what} {self._returned!r}, which is not a list of as many responses")
        return [_sent(request) if one is None else one for one, request in zip(returned, self.requests)]


def _sent(request: object) -> object:
    """The response that the model has sent, in place of returning it."""
    sent = request.get_response_sender()._sent  # type: ignore[attr-defined]
    if len(sent) != 1:
        raise TypeError(f"execute returned None for a request, and sent {len(sent)} responses to it; a model that is not decoupled gives one")
    return sent[0]

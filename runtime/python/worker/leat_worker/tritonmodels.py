"""Hosts the models of Triton's Python backend: classes named TritonPythonModel."""

from __future__ import annotations

import json
import os
import sys

from . import oip, pbtxt, signatures, tensors
from .answers import Answer
from .context import GraphContext
from .failures import Refused
from .host import Host
from .wire import Frame


class TritonHost(Host):
    """A model with execute, perhaps initialize and finalize. It gets one request at a time, or those that the server has put together."""

    hooks = ["initialize", "execute", "finalize"]

    def __init__(self, target: type, spec: dict[str, object], context: GraphContext) -> None:
        import triton_python_backend_utils as utils  # the shim: Triton's own is nowhere but in Triton

        self._utils = utils
        self._name = str(spec.get("name") or "")
        self._version = str(spec.get("version") or "1")
        self._folder = _folder(target, str(spec.get("model_path") or ""))
        self._config = _configuration(target, self._folder, self._name, dict(spec.get("args") or {}), spec.get("configuration"))  # type: ignore[call-overload]
        self.object = target()
        self.is_async = signatures.is_async(self.object.execute)

    def load(self) -> dict[str, object]:
        if hasattr(self.object, "initialize"):
            self.object.initialize(
                {
                    "model_config": json.dumps(self._config),
                    "model_instance_kind": "CPU",
                    "model_instance_device_id": "0",
                    "model_instance_name": f"{self._name}_0",
                    "model_repository": _repository(self._folder, self._version),
                    "model_version": self._version,
                    "model_name": self._name,
                }
            )
        batched = bool(self._config["max_batch_size"])
        told: dict[str, object] = {end + "s": [_schema(one, batched) for one in self._config[end]] for end in ("input", "output")}  # type: ignore[attr-defined]
        if self._utils.using_decoupled_model_transaction_policy(self._config):
            told["streams"] = told["decoupled"] = True
        return {**told, "max_batch_size": self._config["max_batch_size"]}

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        frame.doing, frame.at = "execute", self.object.execute
        if tensors.numpy(load=True) is None:
            raise Refused("models of Triton's Python backend need numpy: pip install numpy")
        said = oip.read(frame, meta)
        given = [self._utils.Tensor(i.name, self._utils._array(i.data, i.datatype, i.shape)) for i in said.inputs]
        if "rows" in meta:
            return self._several(said, given, meta["rows"])  # type: ignore[arg-type]
        request = self._request(said, given)
        if "stream" in meta:
            return self._stream(frame, meta, request)
        if self.is_async:
            return self._execute(request)
        return self._one(self.object.execute([request]), request)

    def _request(self, said: oip.Request, given: list[object]) -> object:
        outputs = [str(o["name"]) for o in said.outputs or []]  # type: ignore[attr-defined]
        return self._utils.InferenceRequest(
            inputs=given,
            requested_output_names=outputs or [o["name"] for o in self._config.get("output", [])],  # type: ignore[attr-defined]
            model_name=self._name,
            request_id=str(said.id or ""),
            parameters=json.dumps(said.parameters or {}),
        )

    def _several(self, said: oip.Request, given: list[object], rows: list[int]) -> object:
        """Has the model execute several requests, of which the inputs have the rows one behind another."""
        requests, at = [], 0
        arrays = [(one.name(), one.as_numpy()) for one in given]  # type: ignore[attr-defined]
        for n in rows:
            requests.append(self._request(said, [self._utils.Tensor(name, array[at : at + n]) for name, array in arrays]))
            at += n
        if self.is_async:
            return self._execute_several(requests)
        return self._responses(self.object.execute(requests), requests)

    async def _execute_several(self, requests: list[object]) -> object:
        return self._responses(await self.object.execute(requests), requests)

    def _responses(self, responses: object, requests: list[object]) -> object:
        if not isinstance(responses, (list, tuple)) or len(responses) != len(requests):
            raise TypeError(f"execute got {len(requests)} requests and returned {responses!r}, which is not a list of as many responses")
        return _Responses(responses)

    async def _execute(self, request: object) -> object:
        return self._one(await self.object.execute([request]), request)

    def _stream(self, frame: Frame, meta: dict[str, object], request: object) -> object:
        """Has the model send responses until it says that they are all, wherever it does so, or return the only one."""
        sender = self.streams.sender(self, frame, meta)  # type: ignore[attr-defined]
        request._sender = self._utils._Sender(sender)  # type: ignore[attr-defined]
        if self.is_async:
            return self._execute_stream(request, sender)
        try:
            return self._sending(self.object.execute([request]), request, sender)
        except BaseException:
            sender.drop()
            raise

    async def _execute_stream(self, request: object, sender: object) -> object:
        try:
            return self._sending(await self.object.execute([request]), request, sender)
        except BaseException:
            sender.drop()  # type: ignore[attr-defined]
            raise

    def _sending(self, responses: object, request: object, sender: object) -> object:
        if responses is None:
            return sender
        sender.drop()  # type: ignore[attr-defined]
        return self._one(responses, request)

    def _one(self, responses: object, request: object) -> object:
        """The response; of a model that sends them one by one, all that it has sent, as a stream."""
        if responses is None:
            sent = request.get_response_sender()._sent  # type: ignore[attr-defined]
            return sent[0] if len(sent) == 1 else (one for one in sent)
        if not isinstance(responses, (list, tuple)) or len(responses) != 1:
            raise TypeError(f"execute got one request and returned {responses!r}, which is not a list of one response")
        return responses[0]

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        if type(result) is _Responses:
            return self._answers(result)
        error = result.error() if hasattr(result, "error") else None  # type: ignore[attr-defined]
        if error is not None:
            raise self._utils.TritonModelException(error.message())
        return oip.write(_outputs(result))

    def _answers(self, responses: _Responses) -> Answer:
        """The answer to several requests: all tensors, and which of them are whose."""
        said: list[dict[str, object]] = []
        outputs: list[oip.Output] = []
        for one in responses:
            error = one.error() if hasattr(one, "error") else None
            if error is not None:
                said.append({"failed": True, "error": error.message()})
                continue
            own = _outputs(one)
            said.append({"tensors": len(own)})
            outputs += own
        flags, meta, buffers = oip.write(outputs)
        return flags, {**(meta or {}), "responses": said}, buffers

    part = answer

    def close(self) -> None:
        if hasattr(self.object, "finalize"):
            self.object.finalize()


class _Responses(list):  # type: ignore[type-arg]
    """What the model answered to several requests, in their order."""


def _outputs(response: object) -> list[oip.Output]:
    if not hasattr(response, "output_tensors"):
        raise TypeError(f"execute returned {type(response).__name__} in the place of an InferenceResponse")
    outputs = []
    for one in response.output_tensors():
        array = one.as_numpy()
        outputs.append(oip.Output(one.name(), tensors.datatype(array) or "BYTES", array.shape, array))
    return outputs


def _folder(target: type, path: str) -> str:
    file = getattr(sys.modules.get(target.__module__), "__file__", "") or ""
    folder = os.path.abspath(path or os.path.dirname(file))
    return os.path.dirname(folder) if os.path.isfile(folder) else folder


def _repository(folder: str, version: str) -> str:
    """The model's folder, which the version's is in: where Triton's models look for files."""
    return os.path.dirname(folder) if os.path.basename(folder) == version else folder


def _configuration(target: type, folder: str, name: str, args: dict[str, object], told: object = None) -> dict[str, object]:
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
        import triton_python_backend_utils as utils

        config = (complete(utils.ModelConfig(config)) or utils.ModelConfig(config)).as_dict()
    return config


def _schema(one: dict[str, object], batched: bool) -> dict[str, object]:
    kind = str(one.get("data_type") or "").replace("TYPE_", "")
    shape = [-1] * batched + (one.get("dims") or [-1])  # type: ignore[operator]
    told = {"name": one.get("name"), "datatype": "BYTES" if kind == "STRING" else kind, "shape": shape}
    return {**told, "optional": True} if one.get("optional") else told

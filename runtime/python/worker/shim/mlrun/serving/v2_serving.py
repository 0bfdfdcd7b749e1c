"""V2ModelServer: the base of models. A subclass has load and predict, and what hooks it needs.

The behaviour is that of MLRun's class; routing, readiness, records and metrics
are the server's.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from leat_worker.artifacts import DataItem, get_model

from ..errors import MLRunInvalidArgumentError
from .utils import _extract_input_data, _update_result_body

_INFER = ("infer", "predict", "infer_dict", "predict_dict")


class V2ModelServer:
    """A model with the operations of the V2 protocol.

    :param name:        of the model; "m3:v1" is model m3 in version v1
    :param model_path:  where its files are
    :param model:       an object that is the model: it is ready without load
    :param protocol:    another than "v2" is not validated
    :param kwargs:      parameters, which get_param gives
    """

    def __init__(
        self,
        context: Any = None,
        name: str | None = None,
        model_path: str | None = None,
        model: Any = None,
        protocol: str | None = None,
        input_path: str | None = None,
        result_path: str | None = None,
        shard_by_endpoint: bool | None = None,
        **kwargs: Any,
    ) -> None:
        self.name, _, self.version = (name or "").partition(":")
        self.context = context
        self.ready = False
        self.error: Any = ""
        self.protocol = protocol or "v2"
        self.model_path = model_path
        self.model_spec: Any = None
        self.model_endpoint_uid = None
        self.shard_by_endpoint = shard_by_endpoint
        self.metrics: dict[str, Any] = {}
        self.labels: dict[str, str] = {}
        self.model: Any = None
        self._params = self._kwargs = kwargs
        self._input_path = input_path
        self._result_path = result_path
        self._model_logger = None
        if model:
            self.model = model
            self.ready = True

    def post_init(self, mode: str = "sync") -> None:
        """Loads the model. The server calls it in the background itself."""
        if not self.ready:
            self._load_and_update_state()

    def _load_and_update_state(self) -> None:
        try:
            self.load()
        except Exception as exc:
            self.error = exc
            raise RuntimeError(f"failed to load model {self.name}") from exc
        self.ready = True

    @property
    def versioned_model_name(self) -> str:
        return f"{self.name}:{self.version or 'latest'}"

    def get_param(self, key: str, default: Any = None) -> Any:
        """A parameter of the model, else of the function, else the default."""
        if key in self._params:
            return self._params.get(key)
        return self.context.get_param(key, default=default)

    def set_metric(self, name: str, value: Any) -> None:
        """Sets a metric that is recorded with every prediction from now on."""
        self.metrics[name] = value

    def get_model(self, suffix: str = "") -> tuple[str, dict[str, DataItem]]:
        """The model's file on this machine and the files beside it by key.

        What is written about the model is in model_spec, and its parameters are
        the model's.
        """
        file, self.model_spec, extra = get_model(self.model_path, suffix)
        if self.model_spec and self.model_spec.parameters:
            self._params.update(self.model_spec.parameters)
        return file, extra

    def load(self) -> None:
        if not self.ready and not self.model:
            raise ValueError("please specify a load method or a model object")

    def preprocess(self, request: Any, operation: str) -> Any:
        """Changes the body before it is validated."""
        return request

    def validate(self, request: Any, operation: str) -> Any:
        """Checks the body. An exception refuses it."""
        if self.protocol == "v2":
            if "inputs" not in request:
                raise Exception('Expected key "inputs" in request body')
            if not isinstance(request["inputs"], list):
                raise Exception('Expected "inputs" to be a list')
        return request

    def predict(self, request: Any) -> Any:
        raise NotImplementedError

    def explain(self, request: Any) -> Any:
        raise NotImplementedError

    def postprocess(self, request: Any) -> Any:
        """Changes the response before it is returned."""
        return request

    def logged_results(self, request: Any, response: Any, op: str) -> tuple[Any, Any]:
        """Inputs and outputs to record in the place of the real ones."""
        return None, None

    def do_event(self, event: Any, *args: Any, **kwargs: Any) -> Any:
        """Serves an event: for classes that override this and call it, since the server does it otherwise."""
        start = datetime.now(timezone.utc)
        original = event.body
        body = _extract_input_data(self._input_path, original)
        op, identity = event.path.strip("/"), event.id
        if body and isinstance(body, dict):
            op = op or body.get("operation")
            identity = body.get("id", identity)
        if not op and event.method != "GET":
            op = "infer"
        if op in _INFER or op == "explain":
            response = self._answer(event, body, op, identity, start)
        elif event.method == "GET" and op in ("", "ready"):
            return self._about(event, original, op, identity)
        elif hasattr(self, "op_" + op):
            response = getattr(self, "op_" + op)(event)
        else:
            raise ValueError(f"illegal model operation {op}, method={event.method}")
        event.body = _update_result_body(self._result_path, original, response)
        return event

    def _answer(self, event: Any, body: Any, op: str, identity: Any, start: datetime) -> Any:
        request = self._pre_event_processing_actions(event, body, op)
        outputs = self.explain(request) if op == "explain" else self.predict(request)
        response = {"id": identity, "model_name": self.name, "outputs": outputs}
        if op != "explain":
            response["timestamp"] = start.isoformat(sep=" ", timespec="microseconds")
        if self.version:
            response["model_version"] = self.version
        return self.postprocess(response)

    def _about(self, event: Any, original: Any, op: str, identity: Any) -> Any:
        event.terminated = True
        if op == "ready" and self.ready:
            text = f"Model {self.name} is ready (event_id = {identity})"
            event.body = self.context.Response(status_code=200, body=text.encode())
        elif op == "ready":
            event.body = self.context.Response(status_code=408, body=b"model not ready")
        else:
            spec = self.model_spec
            schema = {
                "name": self.name,
                "version": self.version,
                "inputs": spec.inputs.to_dict() if spec else [],
                "outputs": spec.outputs.to_dict() if spec else [],
            }
            event.body = _update_result_body(self._result_path, original, schema)
        return event

    def _pre_event_processing_actions(self, event: Any, event_body: Any, op: str) -> Any:
        self._check_readiness(event)
        if "_dict" in op:
            event_body = self._inputs_to_list(event_body)
        return self.validate(self.preprocess(event_body, op), op)

    def _check_readiness(self, event: Any) -> None:
        if not self.ready:
            raise RuntimeError(f"model {self.name} is not ready yet")

    def _inputs_to_list(self, request: Any) -> Any:
        """Named features as lists in the order of the model's inputs."""
        if not self.model_spec or not self.model_spec.inputs:
            raise MLRunInvalidArgumentError(
                "In order to use predict_dict or infer_dict operation you have to provide `model_path` "
                "to the model server and to load it by `load()` function"
            )
        order = [feature.name for feature in self.model_spec.inputs]
        inputs = request.get("inputs")
        try:
            if isinstance(inputs, list) and all(isinstance(item, dict) for item in inputs):
                request["inputs"] = [[item[key] for key in order] for item in inputs]
            elif isinstance(inputs, dict):
                request["inputs"] = [inputs[key] for key in order]
            else:
                raise MLRunInvalidArgumentError(
                    "When using predict_dict or infer_dict operation the inputs must be of type `list[dict]` or `dict`"
                )
        except KeyError:
            raise MLRunInvalidArgumentError(
                f"Input dictionary don't contain all the necessary input keys : {order}"
            ) from None
        return request

"""Routers: the bases of the user's own, which route by themselves. Those of the spec that are MLRun's are the server's.

The behaviour is that of MLRun's classes. What it does wrong by accident is not:
weights of less than 1 in all are made 1, and a route that fails is not left out
of the answer, but fails it.
"""

from __future__ import annotations

import copy
import io
import json
from typing import Any

from leat_worker.artifacts import DataItem

from .utils import _extract_input_data, _update_result_body

_MODES = ("thread", "process", "array")
_OPERATIONS = ("infer", "predict", "explain")


class BaseModelRouter:
    """A router without routing: `_handle_event`, or do_event, is for a subclass to write.

    :param routes:        what there is to route to, by name; each has `run(event)`
    :param protocol:      "v2", or another, which is not validated
    :param url_prefix:    of the paths of models; /v2/models
    :param health_prefix: of the paths that ask for the router itself; /v2/health
    """

    def __init__(
        self,
        context: Any = None,
        name: str | None = None,
        routes: dict[str, Any] | None = None,
        protocol: str | None = None,
        url_prefix: str | None = None,
        health_prefix: str | None = None,
        input_path: str | None = None,
        result_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.context = context
        self.name = name
        self.routes = routes or {}
        self.protocol = protocol or "v2"
        self.url_prefix = url_prefix or f"/{self.protocol}/models"
        self.health_prefix = health_prefix or f"/{self.protocol}/health"
        self.inputs_key = "instances" if self.protocol == "v1" else "inputs"
        self._input_path = input_path
        self._result_path = result_path
        self._params = self.kwargs = kwargs

    def get_param(self, key: str, default: Any = None) -> Any:
        if key in self._params:
            return self._params[key]
        return self.context.get_param(key, default=default)

    def post_init(self, mode: str = "sync") -> None:
        """The server has made the routes."""

    def get_metadata(self) -> dict[str, Any]:
        """What a question for the router itself is answered with."""
        return {"name": type(self).__name__, "version": "v2", "extensions": []}

    def preprocess(self, event: Any) -> Any:
        """Changes an event before it is routed."""
        return event

    def postprocess(self, event: Any) -> Any:
        """Changes an event before it is returned."""
        return event

    def parse_event(self, event: Any) -> Any:
        """The request that an event brings: an object, text with one, a URL of data, or an image."""
        try:
            body = event.body if isinstance(event.body, dict) else json.loads(event.body)
            if "data_url" not in body:
                return body
            return {self.inputs_key: [io.BytesIO(DataItem(body["data_url"]).get())]}
        except Exception as exc:
            if str(getattr(event, "content_type", "") or "").startswith("image/"):
                return {self.inputs_key: [io.BytesIO(event.body)]}
            raise ValueError("Unrecognized request format") from exc

    def _pre_handle_event(self, event: Any) -> Any:
        """Reads the request, answers what is asked of the router itself, and refuses other paths."""
        method, path = event.method or "POST", getattr(event, "path", "") or ""
        if event.body and method != "GET":
            event.body = self.parse_event(event)
        if method == "GET" and (path == "/" or path.startswith(self.health_prefix)):
            event.terminated = True
            event.body = self.get_metadata()
        elif path not in ("", "/") and not path.startswith(self.url_prefix):
            raise ValueError(f"illegal path prefix {path}, must start with {self.url_prefix}")
        return event

    def do_event(self, event: Any, *args: Any, **kwargs: Any) -> Any:
        original = event.body
        event.body = _extract_input_data(self._input_path, original)
        event = self._pre_handle_event(self.preprocess(event))
        if not getattr(event, "terminated", False):
            event = self.postprocess(self._handle_event(event))
        event.body = _update_result_body(self._result_path, original, event.body)
        return event

    def _handle_event(self, event: Any) -> Any:
        """Routes an event."""
        return event

    def _address(self, path: str) -> tuple[str, str | None]:
        """The route that <prefix>/<model>[/versions/<version>][/<operation>] names, and the operation."""
        model, _, rest = path[len(self.url_prefix) :].strip("/").partition("/")
        if rest.startswith("versions/"):
            version, _, rest = rest[len("versions/") :].partition("/")
            model = f"{model}:{version}"
        return model, rest


class ModelRouter(BaseModelRouter):
    """Routes to models by URL, or by what the body says."""

    def _resolve_route(self, body: Any, urlpath: str) -> tuple[str, Any, str]:
        """The name of a route, the route, and the operation. No route: the list of models is wanted."""
        model, operation = "", None
        if urlpath and urlpath != "/":
            model, operation = self._address(urlpath)
            if not model:
                return "", None, ""
        if isinstance(body, dict):
            model = model or body.get("model", next(iter(self.routes), ""))
            operation = body.get("operation", operation)
        if model not in self.routes:
            raise ValueError(f"model {model} doesnt exist, available models: {' | '.join(self.routes)}")
        return model, self.routes[model], "infer" if operation is None else operation

    def _handle_event(self, event: Any) -> Any:
        _, route, operation = self._resolve_route(event.body, event.path)
        if route is None:
            event.terminated = True
            event.body = {"models": list(self.routes)}
            return event
        event.path = operation
        response = route.run(event)
        event.body = response.body if response else None
        return event


class ParallelRun(BaseModelRouter):
    """Puts an event to all routes and merges what they answer."""

    def __init__(self, *args: Any, extend_event: Any = None, executor_type: Any = "thread", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if str(executor_type) not in _MODES:
            raise ValueError(f"{executor_type!r} is not a valid ParallelRunnerModes")
        self.name = self.name or "ParallelRun"
        self.extend_event = extend_event
        self.executor_type = executor_type

    def merger(self, body: Any, results: dict[str, Any]) -> Any:
        """One body of the body that came, or an empty one, and the results of the routes."""
        for result in results.values():
            body.update(result)
        return body

    def _apply_logic(self, results: dict[str, Any], event: Any = None) -> Any:
        if not self.extend_event:
            event.body = {}
        return self.merger(event.body, results)

    def do_event(self, event: Any, *args: Any, **kwargs: Any) -> Any:
        original = event.body
        event.body = _extract_input_data(self._input_path, original)
        event = self._pre_handle_event(self.preprocess(event))
        if getattr(event, "terminated", False):
            event.body = _update_result_body(self._result_path, original, event.body)
            return event
        response = copy.copy(event)
        self._apply_logic(self._parallel_run(event), response)
        response = self.postprocess(response)
        event.body = _update_result_body(self._result_path, original, response.body if response else None)
        return event

    def _parallel_run(self, event: Any) -> dict[str, Any]:
        """What the routes make of copies of an event, by their names."""
        if self.executor_type == "array":
            return {key: route.run(copy.copy(event)).body for key, route in self.routes.items()}
        asked = []
        for key, route in self.routes.items():
            own = copy.copy(event)
            asked.append((key, route, own, route.begin(own) if hasattr(route, "begin") else None))
        return {
            key: (route.run(own) if number is None else route.finish(own, number)).body for key, route, own, number in asked
        }

    def _shutdown_pool(self) -> None:
        """There is none: the server runs the routes."""


class VotingEnsemble(ParallelRun):
    """Puts a request to all models and makes one prediction of theirs. `logic` is the vote."""

    def __init__(
        self,
        *args: Any,
        vote_type: str | None = None,
        weights: dict[str, float] | None = None,
        format_response_with_col_name_flag: bool = False,
        prediction_col_name: str = "prediction",
        version: str = "v1",
        **kwargs: Any,
    ) -> None:
        own_name = kwargs.get("name") or (args[1] if len(args) > 1 else None)
        super().__init__(*args, **kwargs)
        self.name = own_name or "VotingEnsemble"
        self.vote_type = vote_type
        self.vote_flag = vote_type is not None
        self.weights = weights
        self._weights: dict[str, float] = {}
        self.version = version
        self.log_router = True
        self._model_logger = None
        self.model_endpoint_uid = None
        self.format_response_with_col_name_flag = format_response_with_col_name_flag
        self.prediction_col_name = prediction_col_name or "prediction"

    def post_init(self, mode: str = "sync") -> None:
        self._update_weights(self.weights)

    def _update_weights(self, weights_dict: dict[str, float] | None) -> None:
        self._weights = {model: 0.0 for model in self.routes} | dict(self._normalize_weights(weights_dict))

    def _normalize_weights(self, weights_dict: dict[str, float] | None) -> dict[str, float]:
        if weights_dict is None:
            return {model: 1 / len(self.routes) for model in self.routes}
        total = sum(weights_dict.values())
        if total >= 1 - 1e-5:
            return weights_dict
        if total <= 0:
            raise ValueError(f"the weights of {self.name} are {total} in all")
        return {model: weight / total for model, weight in weights_dict.items()}

    def validate(self, request: Any, method: str) -> Any:
        """Checks the request. An exception refuses it."""
        if self.protocol == "v2" and method != "GET":
            if "inputs" not in request:
                raise Exception('Expected key "inputs" in request body')
            if not isinstance(request["inputs"], list):
                raise Exception('Expected "inputs" to be a list')
        return request

    def _resolve_route(self, body: Any, urlpath: str) -> tuple[str, Any, str | None]:
        """The name of a model or of the ensemble, the route of the model, and the operation."""
        model, operation = "", None
        if urlpath and urlpath != "/":
            model, operation = self._address(urlpath)
            if not model:
                return "", None, ""
            if not operation and model in _OPERATIONS:
                return self.name, None, model  # type: ignore[return-value]
        else:
            model = self.name  # type: ignore[assignment]
        if isinstance(body, dict):
            operation = body.get("operation", operation)
        operation = "infer" if operation is None else operation
        if model == self.name and model not in self.routes:
            return model, None, operation  # type: ignore[return-value]
        if model not in self.routes:
            raise ValueError(
                f"model {model} doesnt exist, available models: {' | '.join(self.routes)} | {self.name} "
                "or an operation alone for ensemble operation"
            )
        return model, self.routes[model], operation

    def do_event(self, event: Any, *args: Any, **kwargs: Any) -> Any:
        original = event.body
        event.body = _extract_input_data(self._input_path, original)
        event = self._pre_handle_event(self.preprocess(event))
        response = event if getattr(event, "terminated", False) else self._respond(event)
        event.body = _update_result_body(self._result_path, original, response.body if response else None)
        return event

    def _respond(self, event: Any) -> Any:
        name, route, event.path = self._resolve_route(event.body, event.path)
        if not name:
            event.terminated = True
            event.body = {"models": [*self.routes, self.name], "weights": self.weights}
            return event
        self.validate(event.body, event.method)
        if name != self.name:
            return self.postprocess(route.run(event))
        response = copy.copy(event)
        if event.method != "GET":
            response.body = self._voted(event)
        elif not event.path:
            response.body = self._metadata(event)
        else:
            raise ValueError(f"illegal model operation {event.path}, method=GET")
        return self.postprocess(response)

    def _voted(self, event: Any) -> dict[str, Any]:
        votes = self._apply_logic(self._parallel_run(event))
        if self.format_response_with_col_name_flag:
            votes = {self.prediction_col_name: votes}
        response = {"id": event.id, "model_name": self.name, "outputs": votes}
        if self.version:
            response["model_version"] = self.version
        return response

    def _metadata(self, event: Any) -> dict[str, Any]:
        """The ensemble's own, with the schema of the first model that has one."""
        said: dict[str, Any] = {"name": self.name, "version": self.version or "", "inputs": [], "outputs": []}
        for route in self.routes.values():
            model = route.run(copy.copy(event)).body
            for key in ("inputs", "outputs"):
                said[key] = said[key] or model.get(key) or []
        return said

    def extract_results_from_response(self, response: Any) -> Any:
        """The predictions of a model: its outputs, or the column of them."""
        if isinstance(response, list) or hasattr(response, "tolist"):
            return response
        if self.prediction_col_name not in response:
            raise ValueError(
                f"The given `prediction_col_name` ({self.prediction_col_name}) does not exist "
                f"in the model's response ({response.keys()})"
            )
        self.format_response_with_col_name_flag = True
        return response[self.prediction_col_name]

    def _apply_logic(self, results: dict[str, Any], event: Any = None) -> Any:
        columns = []
        for response in results.values():
            outputs = response["outputs"]
            columns.append(outputs[self.prediction_col_name] if self.format_response_with_col_name_flag else outputs)
        weights = [self._weights[model] for model in results]
        np = _numpy()
        if np is not None:
            return self.logic(np.array(columns).T, np.array(weights))
        return self.logic([list(row) for row in zip(*columns)], weights)

    def logic(self, predictions: Any, weights: Any) -> Any:
        """One prediction for each row, of the predictions of all models for it: the vote.

        :param predictions: rows of predictions, one of each model: an array where there is numpy, else lists
        :param weights:     of the models, in their order
        """
        if not self.vote_flag:
            whole = all(self._is_int(p) for row in predictions for p in row)
            self.vote_type, self.vote_flag = "classification" if whole else "regression", True
        if self.vote_type == "classification":
            return self._majority_vote([list(map(int, row)) for row in predictions], weights)
        return self._mean_vote(predictions, weights)

    def _is_int(self, value: Any) -> bool:
        return float(value).is_integer()

    def _majority_vote(self, all_predictions: Any, weights: Any) -> list[int]:
        return [self._most(row, weights) for row in all_predictions]

    def _mean_vote(self, all_predictions: Any, weights: Any) -> list[float]:
        np = _numpy()
        if np is not None:
            return (np.array(all_predictions) @ weights).tolist()  # type: ignore[no-any-return]
        return [float(sum(p * w for p, w in zip(row, weights))) for row in all_predictions]

    def _most(self, row: list[int], weights: Any) -> int:
        votes: dict[int, float] = {}
        for prediction, weight in zip(row, weights):
            votes[prediction] = votes.get(prediction, 0) + float(weight)
        return min(votes, key=lambda c: (-votes[c], c))


def _numpy() -> Any:
    """numpy, where it is installed: MLRun gives arrays to `logic`."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


class EnrichmentModelRouter(ModelRouter):
    """A router whose requests are enriched with features. As a base it routes; features are for the server's own."""


class EnrichmentVotingEnsemble(VotingEnsemble):
    """An ensemble whose requests are enriched with features. As a base it votes; features are for the server's own."""

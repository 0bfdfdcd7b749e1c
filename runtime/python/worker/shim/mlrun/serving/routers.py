"""Routers. The server has its own; these are bases for the user's, whose hooks the server calls."""

from __future__ import annotations

from typing import Any


class BaseModelRouter:
    """The base of routers: a place for hooks."""

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

    def preprocess(self, event: Any) -> Any:
        """Changes an event before it is routed."""
        return event

    def postprocess(self, event: Any) -> Any:
        """Changes an event before it is returned."""
        return event

    def validate(self, request: Any) -> Any:
        if self.protocol == "v2" and self.inputs_key not in request:
            raise Exception(f"Expected key \"{self.inputs_key}\" in request body")
        return request


class ModelRouter(BaseModelRouter):
    """Routes to models by URL."""


class ParallelRun(BaseModelRouter):
    """Puts an event to all routes and merges what they answer."""

    def __init__(self, *args: Any, extend_event: Any = None, executor_type: Any = "thread", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = self.name or "ParallelRun"
        self.extend_event = extend_event
        self.executor_type = executor_type

    def merger(self, body: Any, results: dict[str, Any]) -> Any:
        """One body of the body that came and the results of the routes."""
        for result in results.values():
            body.update(result)
        return body


class VotingEnsemble(ParallelRun):
    """Puts a request to all models and makes one prediction of theirs."""

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
        super().__init__(*args, **kwargs)
        self.name = self.name if self.name != "ParallelRun" else "VotingEnsemble"
        self.vote_type = vote_type
        self.vote_flag = vote_type is not None
        self.weights = self._weights = weights
        self.version = version
        self.log_router = True
        self.format_response_with_col_name_flag = format_response_with_col_name_flag
        self.prediction_col_name = prediction_col_name or "prediction"

    def logic(self, predictions: list[list[Any]], weights: Any) -> list[Any]:
        """One prediction for each row, of the predictions of all models for it: the vote."""
        if self.vote_type == "classification":
            return [self._most(row, weights) for row in predictions]
        return [sum(p * w for p, w in zip(row, weights)) for row in predictions]

    def _most(self, row: list[Any], weights: Any) -> int:
        votes: dict[int, float] = {}
        for prediction, weight in zip(row, weights):
            votes[int(prediction)] = votes.get(int(prediction), 0) + weight
        return min(votes, key=lambda c: (-votes[c], c))


class EnrichmentModelRouter(ModelRouter):
    """A router whose requests are enriched with features: the server does that."""


class EnrichmentVotingEnsemble(VotingEnsemble):
    """An ensemble whose requests are enriched with features: the server does that."""

"""Hosts a plain function as a model: `def predict(inputs)`."""

from __future__ import annotations

from . import signatures
from .answers import Answer
from .context import GraphContext
from .models import ModelHost
from .wire import Frame

_WHOLE = ("request", "body", "event", "data")  # an argument of such a name gets the whole request


class FunctionModelHost(ModelHost):
    """A model whose predict is a function of the inputs, or of the request if its argument is called so."""

    hooks = ["predict"]

    def __init__(self, target: object, spec: dict[str, object], context: GraphContext) -> None:
        import functools

        args = signatures.of(target).args
        self.context = context
        self._request_wanted = bool(args) and args[0] in _WHOLE
        self._function = functools.partial(target, context=context) if "context" in args else target  # type: ignore[arg-type]
        self.is_async = signatures.is_async(target)
        self._postprocess = None

    def load(self) -> dict[str, object]:
        return {"streams": True} if signatures.is_generator(self._function) else {}

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        request = self._request(frame, meta)
        frame.doing, frame.at = "predict", self._function
        return self._function(request if self._request_wanted else request["inputs"])  # type: ignore[operator, index]

    def _request(self, frame: Frame, meta: dict[str, object]) -> object:
        frame.doing, frame.at = "validate", None
        request = super()._request(frame, meta)
        if not isinstance(request, dict) or "inputs" not in request:
            raise Exception('Expected key "inputs" in request body')  # noqa: TRY002 - as a model of MLRun says
        return request

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        return self._outputs(result, meta)

    def close(self) -> None:
        """A function has nothing to let go of."""

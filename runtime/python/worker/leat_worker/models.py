"""Hosts a model: an object of a class that derives from MLRun's V2ModelServer, the real one or the shim's.

A request goes through preprocess, validate, predict or explain, postprocess and
logged_results in this order. What the class has not overridden is left out or
done here. Routing, readiness, paths, records and metrics are the server's.
"""

from __future__ import annotations

from . import answers, describe, events, realmlrun, signatures, steps, tensors, values
from .answers import Answer
from .context import GraphContext
from .coroutines import Loop
from .failures import Refused
from .host import Host
from .wire import EVENT, JSON, TENSORS, WHOLE, Frame

_ASYNC = ("preprocess", "validate", "predict", "explain", "postprocess")


class ModelHost(Host):
    """One model of the user's."""

    _takes_events = False  # do_event is the user's own
    _operates = False  # there are operations of the user's own, which may be no coroutines

    def __init__(self, target: type, spec: dict[str, object], context: GraphContext, loop: Loop) -> None:
        self.context = context
        self._loop = loop
        realmlrun.adapt()
        self.object = steps.construct(target, _with_model_args(target, spec), context)
        realmlrun.versioned(self.object)
        self.hooks = describe.model_hooks(target)
        self._takes_events = "do_event" in self.hooks
        self.is_async = any(signatures.is_async(getattr(target, n)) for n in _ASYNC)
        self._operates = any(name.startswith("op_") for name in dir(target))
        self._told = ({}, {})  # the metrics and labels that the server knows
        for name in ("preprocess", "validate", "postprocess", "logged_results"):
            setattr(self, "_" + name, getattr(self.object, name) if describe.overrides(target, name) else None)

    @property
    def on_loop(self) -> bool:
        return self.is_async and not self._takes_events and not self._operates

    def load(self) -> dict[str, object]:
        model = self.object
        if describe.overrides(type(model), "post_init"):
            model.post_init("sync")
        elif not model.ready:
            loading = model.load()
            if hasattr(type(loading), "__await__"):
                self._loop.finish(_awaited(loading))
            model.ready = True
        return self.about()

    def about(self) -> dict[str, object]:
        """What is known of a loaded model."""
        model, said = self.object, {}
        spec = getattr(model, "model_spec", None)
        for name in ("inputs", "outputs"):
            schema = getattr(spec, name, None)
            if schema:
                said[name] = schema.to_dict() if hasattr(schema, "to_dict") else list(schema)
        parameters = getattr(spec, "parameters", None)
        if parameters:
            said["parameters"] = dict(parameters)
        if signatures.is_generator(model.predict):
            said["streams"] = True
        return {**said, **self._news()}

    def _news(self) -> dict[str, object]:
        """Metrics and labels, where they have changed since the server was told."""
        metrics, labels = getattr(self.object, "metrics", None) or {}, getattr(self.object, "labels", None) or {}
        if (metrics, labels) == self._told:
            return {}
        old, self._told = self._told, (dict(metrics), dict(labels))
        news: dict[str, object] = {}
        if metrics != old[0]:
            news["metrics"] = self._told[0]
        if labels != old[1]:
            news["labels"] = self._told[1]
        return news

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        op = str(meta.get("op") or "infer")
        if op[:3] == "op:" or self._takes_events or frame.flags & EVENT:
            return self._with_event(frame, meta, op)
        request = self._request(frame, meta)
        if self.is_async:
            return self._run_async(frame, meta, op, request)
        frame.doing, frame.at = "preprocess", self._preprocess
        if self._preprocess:
            request = self._preprocess(request, op)
        request = self._check(frame, op, request)
        outputs = self._act(frame, op)(request)
        if self._postprocess is None and self._logged_results is None:
            return outputs
        if hasattr(type(outputs), "__next__"):
            if self._postprocess is None or "stream" not in meta:
                return outputs
            return self._each(frame, meta, request, outputs)
        response = self._respond(frame, meta, request, outputs)
        if self._postprocess:
            response = self._postprocess(response)
        return self._finish(frame, meta, op, request, response)

    async def _run_async(self, frame: Frame, meta: dict[str, object], op: str, request: object) -> object:
        """The same, for a class of which some method is a coroutine."""
        frame.doing, frame.at = "preprocess", self._preprocess
        if self._preprocess:
            request = await _awaited(self._preprocess(request, op))
        request = self._check(frame, op, request)
        if hasattr(type(request), "__await__"):
            request = await request  # type: ignore[misc]
        outputs = await _awaited(self._act(frame, op)(request))
        if hasattr(type(outputs), "__anext__") and self._postprocess and "stream" in meta:
            return self._each_async(frame, meta, request, outputs)
        if hasattr(type(outputs), "__anext__") or (self._postprocess is None and self._logged_results is None):
            return outputs
        response = self._respond(frame, meta, request, outputs)
        if self._postprocess:
            response = await _awaited(self._postprocess(response))
        return self._finish(frame, meta, op, request, response)

    def _each(self, frame: Frame, meta: dict[str, object], request: object, outputs: object) -> object:
        """The responses of a stream, each of which has been processed."""
        at = frame.at
        for one in outputs:  # type: ignore[attr-defined]
            response = self._postprocess(self._respond(frame, meta, request, one))  # type: ignore[misc]
            frame.doing, frame.at = "predict", at
            yield _Finished(response, None)

    async def _each_async(self, frame: Frame, meta: dict[str, object], request: object, outputs: object) -> object:
        at = frame.at
        try:
            async for one in outputs:  # type: ignore[attr-defined]
                response = await _awaited(self._postprocess(self._respond(frame, meta, request, one)))  # type: ignore[misc]
                frame.doing, frame.at = "predict", at
                yield _Finished(response, None)
        finally:
            await outputs.aclose()  # type: ignore[attr-defined]

    def part(self, element: object, frame: Frame, meta: dict[str, object]) -> Answer:
        """One of several answers: what would be all of it, where they are streamed."""
        return self.answer(element, frame, meta) if "stream" in meta else super().part(element, frame, meta)

    def _with_event(self, frame: Frame, meta: dict[str, object], op: str) -> object:
        """An operation of the user's own, or a class that handles events itself."""
        own = op[:3] == "op:" and not self._takes_events
        method = "op_" + op[3:] if own else "do_event"
        handler = getattr(self.object, method, None)
        if handler is None:
            raise Refused(f"illegal model operation {op[3:]}, method={meta.get('method')}")
        frame.doing, frame.at = method, handler
        event = events.from_call(meta, self._request(frame, meta))
        if method == "do_event":
            if "path" not in meta:  # it is "" where the URL names the model only
                event.path = op.partition(":")[2] or op
            event.method = event.method or "POST"
        return handler(event)

    def _request(self, frame: Frame, meta: dict[str, object]) -> object:
        """The request: the body as the client sent it, or tensors in the place of inputs."""
        if not frame.flags & TENSORS:
            return answers.body_of(frame, meta)
        arrays = list(tensors.unpack(meta, frame.payload).values())
        request: dict[str, object] = {"inputs": arrays[0] if len(arrays) == 1 else arrays}
        if meta.get("params"):
            request["parameters"] = meta["params"]
        return request

    def _check(self, frame: Frame, op: str, request: object) -> object:
        frame.doing, frame.at = "validate", self._validate
        if self._validate:
            return self._validate(request, op)
        if self.object.protocol == "v2" and not frame.flags & TENSORS:
            if "inputs" not in request:  # type: ignore[operator]
                raise Exception('Expected key "inputs" in request body')  # noqa: TRY002 - the class that MLRun raises
            if not isinstance(request["inputs"], list):  # type: ignore[index]
                raise Exception('Expected "inputs" to be a list')  # noqa: TRY002
        return request

    def _act(self, frame: Frame, op: str) -> object:
        frame.doing = "explain" if op == "explain" else "predict"
        frame.at = getattr(self.object, frame.doing)
        return frame.at

    def _respond(self, frame: Frame, meta: dict[str, object], request: object, outputs: object) -> dict[str, object]:
        """The response that postprocess and logged_results see, in MLRun's order of keys."""
        frame.doing, frame.at = "postprocess", self._postprocess
        own = isinstance(request, dict) and "id" in request
        response = {"id": request["id"] if own else meta.get("id"), "model_name": self.object.name, "outputs": outputs}  # type: ignore[index]
        if "timestamp" in meta:
            response["timestamp"] = meta["timestamp"]
        if self.object.version:
            response["model_version"] = self.object.version
        return response

    def _finish(self, frame: Frame, meta: dict[str, object], op: str, request: object, response: object) -> object:
        logged = None
        if self._logged_results and meta.get("record", True):
            logged = self._choose(request, response, op)
        frame.doing = "encode"
        if self._postprocess is None:
            response = response["outputs"]  # type: ignore[index]
        return _Finished(response, logged)

    def _choose(self, request: object, response: object, op: str) -> dict[str, object] | None:
        """What the model wants recorded in the place of what it got and gave. A failure costs the choice only."""
        try:
            inputs, outputs = self._logged_results(request, response, op)
            if inputs is None and outputs is None:
                return None
            logged = {"inputs": inputs or [], "outputs": outputs or []}
            values.dumps(logged)
        except Exception as exc:  # noqa: BLE001 - the user's code
            self.context.logger.error(f"logged_results of model {self.object.name} failed: {type(exc).__name__}: {exc}")
            return None
        return logged

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        logged, whole = None, False
        if type(result) is _Finished:
            result, logged, whole = result.response, result.logged, self._postprocess is not None
        elif frame.doing[:3] == "op_" or frame.flags & EVENT:
            return answers.of_call(result, {**meta, "path": getattr(result, "path", None)})  # ours, and nobody's news
        elif frame.doing == "do_event":
            result = getattr(result, "body", result)  # of the event
            result, whole = getattr(result, "body", result), True  # of a response
        if whole:
            flags, said, payload = _whole(result)
        else:
            flags, said, payload = self._outputs(result, meta)
        news = self._news()
        if logged:
            news["logged"] = logged
        return flags, {**(said or {}), **news} if news else said, payload

    def _outputs(self, outputs: object, meta: dict[str, object]) -> Answer:
        if tensors.is_array(outputs):
            return answers.of_arrays([("", outputs)])
        if meta.get("dialect") == "oip" and outputs:
            if isinstance(outputs, dict) and all(map(tensors.is_array, outputs.values())):
                return answers.of_arrays(list(outputs.items()))
            if isinstance(outputs, list) and all(map(tensors.is_array, outputs)):
                return answers.of_arrays([("", a) for a in outputs])
        return JSON, None, values.dumps(outputs, "outputs")

    def close(self) -> None:
        steps.close(self.object)


def _whole(response: object) -> Answer:
    """What postprocess has made: a document, or what MLRun's server answers as it is."""
    if events.is_response(response):
        return answers.of_response(response)
    if isinstance(response, (str, bytes, bytearray, memoryview)):
        flags, said, payload = answers.of(response)
        return flags | WHOLE, said, payload
    return JSON | WHOLE, None, values.dumps(response, "response")


class _Finished:
    """A response that is done, and what is to be recorded in its place."""

    __slots__ = ("logged", "response")

    def __init__(self, response: object, logged: dict[str, object] | None) -> None:
        self.response = response
        self.logged = logged


async def _awaited(value: object) -> object:
    return await value if hasattr(type(value), "__await__") else value  # type: ignore[misc]


def _with_model_args(target: type, spec: dict[str, object]) -> dict[str, object]:
    """The arguments of a step with those that a model has besides: its path, and its version in its name."""
    args = dict(spec.get("args") or {})  # type: ignore[call-overload]
    signature = signatures.of(target)
    for key in ("model_path", "protocol"):
        if key not in args and spec.get(key) and signature.takes(key):
            args[key] = spec[key]
    name, version = str(spec.get("name") or ""), spec.get("version")
    return {**spec, "args": args, "name": f"{name}:{version}" if version and ":" not in name else name}

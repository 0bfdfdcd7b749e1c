"""Hosts MLServer's custom runtimes: classes that derive from MLModel, the real one or the shim's."""

from __future__ import annotations

from . import answers, oip
from .answers import Answer
from .context import GraphContext
from .coroutines import Loop
from .host import Host
from .wire import Frame


class MLServerHost(Host):
    """A model with coroutines load, predict, perhaps predict_stream and unload."""

    is_async = True
    hooks = ["load", "predict"]

    def __init__(self, target: type, spec: dict[str, object], context: GraphContext, loop: Loop) -> None:
        from mlserver import ModelSettings, types  # the real ones or the shim's

        args = dict(spec.get("args") or {})  # type: ignore[call-overload]
        said = args.pop("settings", None) or {}  # a model-settings.json
        uri = args.pop("uri", None) or spec.get("model_path") or args.pop("model_path", None)
        parameters = {"extra": args, **(said.get("parameters") or {}), "uri": uri, "version": spec.get("version") or None}
        name = str(spec.get("name") or target.__name__)
        implementation = f"{target.__module__}.{target.__qualname__}"
        self.object = target(ModelSettings(**{**said, "name": name, "implementation": implementation, "parameters": parameters}))
        # What the file says of tensors is known, and not as strict as what the model says itself.
        self._given = {end: list(getattr(self.object, end, None) or []) for end in ("inputs", "outputs")}
        self._types = types
        self._takes_arrays = getattr(types, "TAKES_ARRAYS", False)  # the shim's do
        self._loop = loop
        base = getattr(__import__("mlserver").MLModel, "predict_stream", None)
        self._streams_itself = getattr(target, "predict_stream", base) is not base

    def load(self) -> dict[str, object]:
        """Loads on the loop, since what is made there belongs to it."""
        ready = self._loop.finish(_finished(self.object.load()))
        if ready is False:
            raise RuntimeError(f"load of model {self.object.name} says that it is not ready")
        self.object.ready = True
        said: dict[str, object] = {end: self._own(end) for end in ("inputs", "outputs")}
        return {**said, "streams": True} if self._streams_itself else said

    def _own(self, end: str) -> list[object]:
        """The inputs or outputs that the model has set itself."""
        now = list(getattr(self.object, end, None) or [])
        return [] if now == self._given[end] else [_schema(one) for one in now]

    def run(self, frame: Frame, meta: dict[str, object]) -> object:
        types = self._types
        frame.doing, frame.at = "predict", self.object.predict
        said = oip.read(frame, meta)
        inputs = [
            types.RequestInput(
                name=i.name, shape=list(i.shape), datatype=i.datatype, data=self._data(i.data), parameters=self._parameters(i.parameters)
            )
            for i in said.inputs
        ]
        outputs = said.outputs
        if outputs:
            outputs = [types.RequestOutput(name=str(o["name"]), parameters=self._parameters(o.get("parameters"))) for o in outputs]  # type: ignore[attr-defined]
        identity = None if said.id is None else str(said.id)
        request = types.InferenceRequest(id=identity, inputs=inputs, parameters=self._parameters(said.parameters), outputs=outputs or None)
        if "stream" in meta and self._streams_itself:
            frame.doing, frame.at = "predict_stream", self.object.predict_stream
            return self.object.predict_stream(_one(request))
        return self._predict(request)

    def _data(self, data: object) -> object:
        """Data as the real types take it, a list; the shim's take arrays as they are."""
        return data if self._takes_arrays or not hasattr(data, "tolist") else data.reshape(-1).tolist()  # type: ignore[attr-defined]

    def _parameters(self, said: object) -> object:
        return self._types.Parameters(**said) if isinstance(said, dict) else None

    async def _predict(self, request: object) -> object:
        return await _finished(self.object.predict(request))

    def answer(self, result: object, frame: Frame, meta: dict[str, object]) -> Answer:
        outputs = getattr(result, "outputs", None)
        if outputs is None:
            return answers.of(result)
        return oip.write([_output(o) for o in outputs], _dict(getattr(result, "parameters", None)))

    part = answer

    def close(self) -> None:
        unload = getattr(self.object, "unload", None)
        if unload is not None:
            self._loop.finish(_finished(unload()))


async def _one(request: object) -> object:
    """The requests of a stream of answers: each call has one."""
    yield request


def _output(one: object) -> oip.Output:
    datatype = str(getattr(one.datatype, "value", one.datatype))  # type: ignore[attr-defined]
    return oip.Output(one.name, datatype, one.shape, _data(one), _dict(one.parameters))  # type: ignore[attr-defined]


def _schema(one: object) -> dict[str, object]:
    """What the model says of an input or output; one without a shape takes any."""
    datatype, shape = one.datatype, list(one.shape or [-1])  # type: ignore[attr-defined]
    return {"name": one.name, "datatype": str(getattr(datatype, "value", datatype)), "shape": shape}  # type: ignore[attr-defined]


async def _finished(value: object) -> object:
    return await value if hasattr(type(value), "__await__") else value  # type: ignore[misc]


def _data(one: object) -> object:
    """The data of an output: the array that it was made of, where it is the shim's, else a list."""
    fields = getattr(one, "__dict__", {})
    if "_array" in fields and "data" not in fields:
        return fields["_array"]
    data = one.data  # type: ignore[attr-defined]
    return getattr(data, "root", getattr(data, "__root__", data))


def _dict(parameters: object) -> dict[str, object] | None:
    if parameters is None or isinstance(parameters, dict):
        return parameters
    dump = getattr(parameters, "model_dump", None) or parameters.dict  # type: ignore[attr-defined]
    return {k: v for k, v in dump(exclude_none=True).items() if k != "headers"}

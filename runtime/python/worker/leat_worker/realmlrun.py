"""Where MLRun is installed its own classes are used; here is what they need to live in this worker."""

from __future__ import annotations

import sys

from . import artifacts, failures, link

_adapted = False


def is_installed() -> bool:
    """Whether the mlrun that the user's code has imported is MLRun itself, and not the shim."""
    module = sys.modules.get("mlrun")
    file = getattr(module, "__file__", None)
    return bool(file) and not str(file).startswith(failures.OURS)


def adapt() -> None:
    """Lets MLRun's get_model ask the server, which knows the paths and stores of its spec, and look by itself
    for what the server does not have; and leaves the records of endpoints to the server."""
    global _adapted
    if _adapted or not is_installed():
        return
    _adapted = True
    import mlrun.artifacts

    own = mlrun.artifacts.get_model

    def get_model(model_dir: object, suffix: str = "", *args: object, **kwargs: object) -> tuple[object, object, object]:
        try:
            return _brought(model_dir, suffix)
        except link.NotGiven as reason:
            try:
                return own(model_dir, suffix, *args, **kwargs)  # type: ignore[no-any-return]
            except Exception as exc:
                raise reason from exc

    mlrun.artifacts.get_model = get_model
    for name in ("mlrun.serving.v2_serving", "mlrun.serving.routers"):
        module = sys.modules.get(name)
        if hasattr(module, "_init_endpoint_record"):  # which asks MLRun's database, where a graph is no mock
            module._init_endpoint_record = _nothing  # type: ignore[union-attr]


def _nothing(*_: object, **__: object) -> None:
    """Endpoints are the server's."""


def _brought(model_dir: object, suffix: str) -> tuple[object, object, object]:
    """What the server has brought, in MLRun's own classes."""
    import mlrun

    file, said, extra = artifacts.get_model(model_dir, suffix)
    items = {key: mlrun.get_dataitem(item.url) for key, item in extra.items()}
    if said is None:
        return file, None, items
    spec = mlrun.artifacts.ModelArtifact(
        model_file=file,
        parameters=said.parameters,
        metrics=said.metrics,
        inputs=said.inputs.to_dict(),
        outputs=said.outputs.to_dict(),
        framework=said.framework,  # type: ignore[attr-defined]
        algorithm=said.algorithm,  # type: ignore[attr-defined]
        extra_data=said.extra_data,
    )
    spec.metadata.key, spec.metadata.tag = said.key, said.tag  # type: ignore[attr-defined]
    return file, spec, items


def versioned(model: object) -> None:
    """Gives a model its version, which MLRun's newest classes leave in the name."""
    if not hasattr(model, "version"):
        name, _, version = str(model.name or "").partition(":")  # type: ignore[attr-defined]
        model.name, model.version = name, version  # type: ignore[attr-defined]

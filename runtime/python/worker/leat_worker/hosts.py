"""Makes the host for an object of the user's, by what it is."""

from __future__ import annotations

from . import describe, usercode
from .context import GraphContext
from .coroutines import Loop
from .failures import Refused
from .host import Host


def create(spec: dict[str, object], context: GraphContext, loop: Loop) -> Host:
    """The host of what a CREATE asks for."""
    if spec.get("kind") == "object":
        from .objectmodels import ObjectHost

        return ObjectHost(spec, context)
    target = usercode.resolve(str(spec.get("class") or ""))
    found = describe.kind_of(target)
    asked = str(spec.get("kind") or found)
    if asked == "model" and found == "function":
        from .functionmodels import FunctionModelHost

        return FunctionModelHost(target, spec, context)
    if asked == "model" and found in ("mlserver", "triton"):
        asked = found
    if asked in ("model", "mlserver", "triton", "router") and asked != found:
        raise Refused(f"{spec.get('class')} is no {asked}, but a {found}")
    if asked == "model":
        from .models import ModelHost

        return ModelHost(target, spec, context, loop)
    if asked == "router":
        from .routers import RouterHost

        return RouterHost(target, spec, context)
    if asked == "mlserver":
        from .mlservermodels import MLServerHost

        return MLServerHost(target, spec, context, loop)
    if asked == "triton":
        from .tritonmodels import TritonHost

        return TritonHost(target, spec, context, loop)
    from .steps import StepHost

    return StepHost(target, spec, context)

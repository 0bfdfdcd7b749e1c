"""Makes the host for an object of the user's, by what it is."""

from __future__ import annotations

from . import describe, usercode
from .context import GraphContext
from .coroutines import Loop
from .failures import Refused


def create(spec: dict[str, object], context: GraphContext, loop: Loop) -> object:
    """The host of what a CREATE asks for."""
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

        return ModelHost(target, spec, context)
    from .steps import StepHost

    return StepHost(target, spec, context)

"""What there is in the user's modules, told without making an instance of anything."""

from __future__ import annotations

import sys
from types import FunctionType

from . import signatures, usercode

MODEL_HOOKS = ("load", "preprocess", "validate", "predict", "explain", "postprocess", "logged_results", "do_event")
ROUTER_HOOKS = ("logic", "preprocess", "postprocess", "merger", "do_event", "validate", "parse_event")

# The classes of other packages that the user's derive from, and what makes an object of them.
_BASES = (
    ("mlrun.serving.v2_serving", "V2ModelServer", "model"),
    ("mlrun.serving.routers", "BaseModelRouter", "router"),
    ("mlserver.model", "MLModel", "mlserver"),
)
_TRITON = "TritonPythonModel"


def kind_of(target: object) -> str:
    """What an object of the user's is: model, class, router, function, mlserver or triton."""
    if not isinstance(target, type):
        return "function"
    for base in target.__mro__:
        for module, name, kind in _BASES:
            if base.__name__ == name and base.__module__ == module:
                return kind
    return "triton" if target.__name__ == _TRITON else "class"


def everything() -> dict[str, object]:
    """All of the user's classes and functions, by their bare names and as `module.name`."""
    found: dict[str, object] = {}
    for module_name, module in usercode.modules.items():
        for name, value in list(vars(module).items()):
            if name.startswith("_") or not _served(value):
                continue
            said = one(value)
            found[f"{module_name}.{name}"] = said
            found.setdefault(name, said)
    return found


def _served(value: object) -> bool:
    """Whether a name of a module is something of the user's to serve, and no tool of another package."""
    if isinstance(value, type):
        return _is_users(value) or (kind_of(value) in ("model", "router", "mlserver") and not _is_library(value))
    return isinstance(value, FunctionType) and _is_users(value)


def _is_users(value: object) -> bool:
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    if module in usercode.modules.values():
        return True
    file = getattr(module, "__file__", None)
    return bool(file) and usercode.owns(str(file))


def one(target: object) -> dict[str, object]:
    """What an object is, as the protocol has it."""
    kind = kind_of(target)
    signature = signatures.of(target)
    file, line = signatures.place(target)
    said: dict[str, object] = {
        "kind": kind,
        "module": getattr(target, "__module__", ""),
        "file": file,
        "line": line,
        "context": "context" in signature.args,
        "args": signature.args,
        "required": signature.required,
        "any_args": signature.any_args,
        "async": _any_async(target, kind),
    }
    if isinstance(target, type):
        said["methods"] = _methods(target)
    if kind == "model":
        said["ops"] = sorted(n[3:] for n in dir(target) if n.startswith("op_") and callable(getattr(target, n)))
        said["hooks"] = model_hooks(target)
    elif kind == "router":
        said["hooks"] = hooks(target, ROUTER_HOOKS)
        said["base"] = next(b.__name__ for b in target.__mro__ if b.__module__ == "mlrun.serving.routers")
    return said


def _methods(cls: type) -> list[str]:
    return sorted(n for n in dir(cls) if not n.startswith("_") and callable(getattr(cls, n, None)))


def _any_async(target: object, kind: str) -> bool:
    if not isinstance(target, type):
        return signatures.is_async(target)
    if kind == "mlserver":
        return True
    names = MODEL_HOOKS[1:] if kind == "model" else ("do", "do_event")
    return any(signatures.is_async(getattr(target, n, None)) for n in names)


def hooks(cls: type, names: tuple[str, ...]) -> list[str]:
    """Those methods that the user's class has, and not only the class it derives from."""
    return [n for n in names if overrides(cls, n)]


def model_hooks(cls: type) -> list[str]:
    """The hooks of a model's class. One that handles events itself makes whole responses, as postprocess does."""
    found = hooks(cls, MODEL_HOOKS)
    return [*found, "postprocess"] if "do_event" in found and "postprocess" not in found else found


def overrides(cls: type, name: str) -> bool:
    """Whether the class, or one between it and the library's own, defines the method."""
    for base in cls.__mro__:
        if name in vars(base):
            return not _is_library(base)
    return False


def _is_library(cls: type) -> bool:
    """Whether a class is one of MLRun's own bases, the real one's or the shim's."""
    module = cls.__module__
    return cls is object or module.startswith(("mlrun.serving.", "mlrun.model", "mlrun.common", "storey", "mlserver.", "abc"))

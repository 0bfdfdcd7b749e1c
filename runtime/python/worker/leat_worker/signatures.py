"""What functions and classes take, read off their code: the module inspect costs more than it would here."""

from __future__ import annotations

from functools import partial

_VARARGS, _VARKEYWORDS, _GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 4, 8, 32, 128, 512


class Signature:
    """The names that a callable takes, without self."""

    def __init__(self, args: list[str], required: list[str], any_args: bool) -> None:
        self.args = args
        self.required = required
        self.any_args = any_args

    def takes(self, name: str) -> bool:
        return self.any_args or name in self.args


NONE = Signature([], [], False)


def of(target: object) -> Signature:
    """The signature of a function, method, class or callable object. Of what is not Python nothing is known."""
    if isinstance(target, type):
        return _of_class(target)
    if isinstance(target, partial):
        inner = of(target.func)
        given = set(target.keywords) | set(inner.args[: len(target.args)])
        return Signature([a for a in inner.args if a not in given], [a for a in inner.required if a not in given], inner.any_args)
    target = unwrapped(target)
    bound = hasattr(target, "__func__")
    function = getattr(target, "__func__", target)
    if not hasattr(function, "__code__"):
        call = getattr(type(target), "__call__", None)
        return _of_function(call, True) if hasattr(call, "__code__") else NONE
    return _of_function(function, bound)


def _of_class(cls: type) -> Signature:
    for name in ("__init__", "__new__"):
        function = unwrapped(getattr(cls, name))
        if hasattr(function, "__code__"):
            return _of_function(function, True)
    return NONE


def _of_function(function: object, bound: bool) -> Signature:
    code = function.__code__  # type: ignore[attr-defined]
    names = list(code.co_varnames[: code.co_argcount])
    keyword_only = list(code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount])
    optional = len(function.__defaults__ or ())  # type: ignore[attr-defined]
    required = names[: len(names) - optional] if optional else list(names)
    required += [k for k in keyword_only if k not in (function.__kwdefaults__ or {})]  # type: ignore[attr-defined]
    skip = 1 if bound and names else 0
    first = names[:skip]
    return Signature(names[skip:] + keyword_only, [r for r in required if r not in first], bool(code.co_flags & _VARKEYWORDS))


def unwrapped(function: object) -> object:
    """The function below its decorators."""
    for _ in range(50):
        if not hasattr(function, "__wrapped__"):
            break
        function = function.__wrapped__  # type: ignore[attr-defined]
    return function


def is_async(target: object) -> bool:
    """Whether a call gives a coroutine or an asynchronous generator."""
    if isinstance(target, partial):
        return is_async(target.func)
    function = getattr(target, "__func__", target)
    code = getattr(function, "__code__", None)
    if code is None and not isinstance(target, type):
        code = getattr(getattr(type(target), "__call__", None), "__code__", None)
    return bool(code is not None and code.co_flags & (_COROUTINE | _ASYNC_GENERATOR))


def is_generator(target: object) -> bool:
    """Whether a call gives a generator, asynchronous or not."""
    if isinstance(target, partial):
        return is_generator(target.func)
    code = getattr(getattr(target, "__func__", target), "__code__", None)
    return bool(code is not None and code.co_flags & (_GENERATOR | _ASYNC_GENERATOR))


def place(target: object) -> tuple[str, int]:
    """The file and line where something of the user's is defined."""
    target = unwrapped(target)
    if isinstance(target, type):
        return _class_place(target)
    code = getattr(getattr(target, "__func__", target), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)


def _class_place(cls: type) -> tuple[str, int]:
    """A class knows its line only since Python 3.13; before, it is looked for in the source."""
    import sys

    file = getattr(sys.modules.get(cls.__module__), "__file__", "") or ""
    return file, cls.__dict__.get("__firstlineno__", 0) or _class_line(file, cls.__qualname__.rpartition(".")[2])


def _class_line(file: str, name: str) -> int:
    try:
        with open(file, encoding="utf-8", errors="replace") as source:
            for number, line in enumerate(source, 1):
                words = line.replace("(", " ").replace(":", " ").split()
                if words[:2] == ["class", name]:
                    return number
    except OSError:
        pass
    return 0

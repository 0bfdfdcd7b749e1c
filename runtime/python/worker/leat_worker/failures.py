"""Exceptions as the server is told of them: class, text, and where in the user's code."""

from __future__ import annotations

import os
import sys

from . import signatures, values

OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAX_TEXT = 64 << 10
_DEPTH = 20  # of exceptions that have caused one another


class Cancelled(Exception):
    """The call was taken back before it was done."""


class Stopped(BaseException):
    """Ends the user's code where it sends: its call was cancelled."""


class Refused(Exception):
    """The server asks for something that this worker or the user's code does not have."""


def describe(exc: BaseException, doing: str = "", at: object = None) -> dict[str, object]:
    """The metadata of an ERROR. `at` is a function that is to blame where no frame is."""
    said: dict[str, object] = {"class": _name(exc), "message": _text(exc)}
    if doing:
        said["doing"] = doing
    place = _place(exc) or _home(at)
    if place:
        said["file"], said["line"], said["function"] = place
    if isinstance(exc, SyntaxError) and exc.offset:
        said["column"] = exc.offset
    if not isinstance(exc, (Cancelled, Refused, values.Unwritable, values.Unreadable)):
        said["traceback"] = _traceback(exc)
    status = _status(exc)
    if status:
        said["status"] = status
    route = getattr(exc, "leat_route", 0)
    if route:
        said["route"] = route
    return said


def _name(exc: BaseException) -> str:
    if isinstance(exc, Cancelled):
        return "CancelledError"
    if isinstance(exc, Refused):
        return "LookupError"
    known = (base for base in type(exc).__mro__ if not base.__module__.startswith("leat_worker."))
    return next(known).__name__


def _text(exc: BaseException) -> str:
    try:
        text = str(exc)
        if isinstance(exc, SyntaxError) and text.endswith(f", line {exc.lineno})") and not str(exc.filename).startswith("<"):
            text = str(exc.msg)  # without the file and line, which are told beside it
    except Exception:  # noqa: BLE001 - an exception of the user's that cannot even be printed
        text = "(its text cannot be had)"
    text = (text or repr(exc)) + _hint(exc)  # as MLRun does where an exception says nothing
    causes = []
    cause = exc.__cause__
    while cause is not None and len(causes) < _DEPTH:
        causes.append(str(cause) or repr(cause))
        cause = cause.__cause__
    for part in causes:
        if part and part not in text:
            text += f", caused by: {part}"
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT // 2] + " ... " + text[-MAX_TEXT // 2 :]


_SHIMS = ("mlrun", "storey", "nuclio", "nuclio_sdk", "mlserver")


def _hint(exc: BaseException) -> str:
    """What to install for a part of a package that is not in our stand-in for it."""
    if not isinstance(exc, ImportError) or "pip install" in str(exc):
        return ""
    package = (exc.name or "").partition(".")[0]
    module = sys.modules.get(package)
    if package not in _SHIMS or not str(getattr(module, "__file__", None) or "").startswith(OURS):
        return ""
    return f" ({package} is not installed; what serving needs of it is here, and this is no part of that: pip install {package})"


def _ours(file: str) -> bool:
    return file.startswith(OURS + os.sep) or file.startswith("<frozen importlib")


def _place(exc: BaseException) -> tuple[str, int, str] | None:
    """The innermost line in the user's code; in a library only where the user's is not on the way."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return exc.filename, exc.lineno or 0, ""
    from . import usercode

    found = None
    tb = exc.__traceback__
    while tb is not None:
        code = tb.tb_frame.f_code
        if usercode.owns(code.co_filename) or (found is None and not _ours(code.co_filename)):
            found = code.co_filename, tb.tb_lineno, code.co_name
        tb = tb.tb_next
    return found


def _home(at: object) -> tuple[str, int, str] | None:
    """Where a function begins, or the class that has it from one of ours."""
    code = getattr(getattr(at, "__func__", at), "__code__", None)
    if code is not None and not _ours(code.co_filename):
        return code.co_filename, code.co_firstlineno, code.co_name
    return _class_home(type(getattr(at, "__self__", None)))


def _class_home(cls: type) -> tuple[str, int, str] | None:
    """Where a class begins that leaves to ours what has failed."""
    file, line = signatures.place(cls)
    return (file, line, cls.__name__) if line and not _ours(file) else None


def _traceback(exc: BaseException) -> str:
    """Python's own text, without the worker's frames."""
    import traceback

    whole = traceback.TracebackException(type(exc), exc, exc.__traceback__, limit=-100)
    part, depth = whole, 0
    while part is not None and depth < _DEPTH:
        part.stack = traceback.StackSummary.from_list([f for f in part.stack if not _ours(f.filename)])
        part, depth = part.__cause__ or part.__context__, depth + 1
    text = "".join(whole.format())
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT // 2] + "\n...\n" + text[-MAX_TEXT // 2 :]


def _status(exc: BaseException) -> int:
    """The HTTP status that an exception names, as those of MLRun, nuclio and web frameworks do."""
    if isinstance(exc, values.Unreadable):
        return 400
    for name in ("error_status_code", "status_code", "code"):
        status = getattr(exc, name, None)
        if isinstance(status, int) and 400 <= status <= 599 and not isinstance(exc, SystemExit):
            return int(status)
    return 0

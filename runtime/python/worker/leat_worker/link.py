"""The way from the user's code to the server: log records, and questions with answers.

The worker puts its connection here when it starts; in a Python without a
worker (a user's unit test with the shim) records go to stderr and questions
fail.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from . import values
from .wire import Frame


class NotGiven(ValueError):
    """The server has no answer, and says why."""


_send_log: Callable[[bytes], None] | None = None
_begin: Callable[..., int] | None = None
_wait: Callable[[int], Frame] | None = None
_tell: Callable[[bytes], None] | None = None


def connect(
    send_log: Callable[[bytes], None],
    begin: Callable[..., int],
    wait: Callable[[int], Frame],
    tell: Callable[[bytes], None],
) -> None:
    """Gives the user's code its way to the server."""
    global _send_log, _begin, _wait, _tell
    _send_log, _begin, _wait, _tell = send_log, begin, wait, tell


def disconnect() -> None:
    """Takes the way away, in a forked child: records of its go to stderr."""
    global _send_log, _begin, _wait, _tell
    _send_log = _begin = _wait = _tell = None


def _safe(value: object) -> object:
    """The value if it can be written, else what it prints as."""
    try:
        values.dumps(value)
    except Exception:  # noqa: BLE001 - whatever the user's object does
        return repr(value)[:4096]
    return value


def log(level: str, message: str, fields: dict[str, object]) -> None:
    """Writes a record to the server's log."""
    said: dict[str, object] = {"level": level, "message": message[:1 << 20]}
    if fields:
        said["with"] = {str(k): _safe(v) for k, v in fields.items()}
    if _send_log is None:
        print(f"{level}: {message}", fields or "", file=sys.stderr)
        return
    _send_log(values.dumps(said))


def ask(question: dict[str, object]) -> dict[str, object]:
    """Puts a question and waits for the answer. NotGiven if there is none."""
    answer = dict(values.loads(wait(begin(question)).meta or b"{}"))  # type: ignore[call-overload]
    if answer.get("error"):
        raise NotGiven(str(answer["error"]))
    return answer


def begin(
    question: dict[str, object],
    flags: int = 0,
    payload: bytes | list[bytes | memoryview] = b"",
    done: Callable[[Frame], None] | None = None,
) -> int:
    """Puts a question that may bring a payload, without waiting; the number is for `wait`. With `done` that gets the answer, on any thread."""
    if _begin is None:
        raise NotGiven("there is no server to ask")
    return _begin(values.dumps(question), flags, payload, done)


def wait(number: int) -> Frame:
    """Waits for the answer of the question of that number."""
    if _wait is None:
        raise NotGiven("there is no server to answer")
    return _wait(number)


def tell(said: dict[str, object]) -> None:
    """Says something that needs no answer. Parts that cannot be written are printed."""
    if _tell is not None:
        _tell(values.dumps({k: _safe(v) for k, v in said.items()}))

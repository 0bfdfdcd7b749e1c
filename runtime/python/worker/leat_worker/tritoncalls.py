"""Requests of Triton's models to other models of the server: what Triton calls business logic scripting.

The shim makes and reads the requests and responses; here is how they get to the server and back.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from . import link, oip, tensors, tritontypes, values
from .wire import Frame

NOT_NOW = "BLS is only supported during the 'execute' function."

task: ContextVar[int] = ContextVar("leat_call", default=0)  # the call that a coroutine answers


class _Serving:
    """What the worker does with its model of Triton's."""

    loaded = 0  # models that are between initialize and finalize
    executing = 0  # the call whose execute, of plain code, is on the stack
    decoupled = False  # that model's execute may leave threads behind
    threads: set[int] = set()  # that serve calls
    loop: object = None  # of the worker: a Loop


serving = _Serving()


def for_whom() -> tuple[int, bool]:
    """The call that the code here answers, 0 if that is not known, and whether the worker serves nothing while it waits."""
    here = _thread.get_ident() in serving.threads
    call = task.get()
    if call:
        return call, here
    if serving.executing and (here or not serving.decoupled):
        return serving.executing, True  # execute waits for threads that it has begun
    return 0, False


def begin(question: dict[str, Any], inputs: list[oip.Output], done: Callable[[Frame], None] | None = None) -> int:
    """Puts a request to a model. What is done with the answer is `done`, or `link.wait`."""
    if not serving.loaded:
        raise RuntimeError(NOT_NOW)
    flags, said, buffers = oip.write(inputs)
    return link.begin({**question, **(said or {})}, flags, buffers, done)


def wait(number: int) -> dict[str, Any]:
    """Waits for the answer of a question."""
    return said(link.wait(number))


def said(frame: Frame) -> dict[str, Any]:
    """What an answer says; tensors in it as pairs of name and array."""
    meta: dict[str, Any] = dict(values.loads(frame.meta)) if frame.meta else {}  # type: ignore[call-overload]
    if "tensors" in meta:
        arrays = tensors.unpack(meta, bytearray(frame.payload), load=True)  # which may be written to, as Triton's
        meta["tensors"] = [(name, _array(data, one)) for (name, data), one in zip(arrays.items(), meta["tensors"])]
    return meta


def _array(data: object, about: dict[str, Any]) -> object:
    return tritontypes.array(data, about["datatype"], about["shape"]) if about["datatype"] == "BYTES" else data


def later(start: Callable[[Callable[[Frame], None] | None], int], make: Callable[[dict[str, Any]], object]) -> object:
    """What becomes of a question, as a future of the running event loop. The question is put now."""
    import asyncio

    loop = asyncio.get_running_loop()
    if not serving.loop.runs(loop):  # type: ignore[attr-defined] - of the user's own: nobody may read meanwhile
        number = start(None)
        return loop.run_in_executor(None, lambda: make(wait(number)))
    future = loop.create_future()

    def settle(frame: Frame) -> None:
        if future.done():  # cancelled
            return
        try:
            future.set_result(make(said(frame)))
        except Exception as exc:  # noqa: BLE001 - what cannot be read
            future.set_exception(exc)

    start(lambda frame: loop.call_soon_threadsafe(settle, frame))
    return future


def following(number: int, awaited: bool) -> dict[str, Any]:
    """The question for the next answer of a request."""
    return {"ask": "next", "number": number, "blocks": for_whom()[1] and not awaited}


def stop(number: int) -> None:
    """Lets go of what answers there still are. It may be called wherever Python collects garbage, so it waits for no lock."""
    try:
        _thread.start_new_thread(link.tell, ({"ask": "stop", "number": number},))
    except RuntimeError:  # the interpreter is ending
        pass


def change(ask: str, model: str, config: str | None = None, files: dict[str, bytes] | None = None, version: str = "") -> dict[str, Any]:
    """Loads or unloads a model, or asks whether it is ready."""
    question: dict[str, Any] = {"ask": ask, "model": model, "version": version, "call": for_whom()[0]}
    if config:
        question["config"] = config
    if files:
        question["files"] = [{"name": name, "size": len(content)} for name, content in files.items()]
    return wait(link.begin(question, 0, list((files or {}).values())))

"""Answers calls that wait for the same model with one prediction of all their rows.

The calls are those that came while the model was busy: none waits for others to
come. Each gets the part of the results that is its own. When the prediction
fails, or its results cannot be taken apart, each call is run alone, and so is a
call of which the model cannot say that other rows change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .host import Host
from .wire import SHM, Frame

Call = "tuple[Frame, dict[str, object]]"


def groups(host: Host, calls: Iterable[Call]) -> Iterator[tuple[list[Call], list[object]]]:
    """Calls that follow one another and may be run together, with their rows: of the same type and
    width, since rows of another would be converted. One that must be run alone has no rows."""
    group: list[Call] = []
    rows: list[object] = []
    total = 0
    for call in calls:
        array = _rows(host, call)
        fits = array is not None and rows and _alike(array, rows[0]) and total + len(array) <= host.rows_together  # type: ignore[arg-type]
        if group and not fits:
            yield group, rows
            group, rows, total = [], [], 0
        group.append(call)
        if array is None:
            yield group, []
            group = []
            continue
        rows.append(array)
        total += len(array)  # type: ignore[arg-type]
    if group:
        yield group, rows


def _rows(host: Host, call: Call) -> object:
    frame, meta = call
    if frame.flags & SHM:
        return None
    try:
        return host.rows(frame, meta)
    except Exception:  # noqa: BLE001 - when it is run alone it says so itself
        return None


def _alike(a: object, b: object) -> bool:
    return a.dtype == b.dtype and a.shape[1] == b.shape[1]  # type: ignore[attr-defined]


def run(host: Host, calls: list[Call], rows: list[object]) -> list[object] | None:
    """The results of each call, or None if each must be run alone; None among them for one that must."""
    import numpy as np

    try:
        together = np.concatenate(rows)
        results = host.run_rows(calls[0][0], together)
        sure = None if results is None else host.sure(together)
    except BaseException:  # noqa: BLE001 - the calls that it is because of say so themselves
        return None
    if results is None:
        host.rows_together = 0  # nor will the next
        return None
    ends = np.cumsum([len(r) for r in rows])  # type: ignore[arg-type]
    parts = [slice(end - len(r), end) for end, r in zip(ends, rows)]  # type: ignore[arg-type]
    return [results[part] if sure is None or sure[part].all() else None for part in parts]  # type: ignore[index]

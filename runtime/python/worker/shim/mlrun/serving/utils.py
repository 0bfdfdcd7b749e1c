"""Selecting from and writing into bodies, by dotted paths. Sources: MLRun's input_path and result_path."""

from __future__ import annotations

import re
from typing import Any

event_id_key = "MLRUN-EVENT-ID"
event_path_key = "MLRUN-EVENT-PATH"


class StepToDict:
    """A base of steps, which makes them parts of specs where graphs are built."""

    def to_dict(self, fields: Any = None, exclude: Any = None) -> dict[str, Any]:
        meta = getattr(self, "_kwargs", None) or {}
        name = getattr(self, "name", None) or type(self).__name__
        return {"class_name": f"{type(self).__module__}.{type(self).__qualname__}", "name": name, "class_args": dict(meta)}


def _extract_input_data(input_path: str | None, body: Any) -> Any:
    """What is at the path, null where there is nothing."""
    if not input_path:
        return body
    if not hasattr(body, "__getitem__"):
        raise TypeError("input_path parameter supports only dict-like event bodies")
    for part in input_path.split("."):
        if not body or part not in body:
            return None
        body = body[part]
    return body


def _update_result_body(result_path: str | None, body: Any, result: Any) -> Any:
    """The body with the result at the path, or the result. A dot of a key is written as \\."""
    if not result_path or not body:
        return result
    if not hasattr(body, "__getitem__"):
        raise TypeError("result_path parameter supports only dict-like event bodies")
    parts = [p.replace("\\.", ".") for p in re.split(r"(?<!\\)\.", result_path)]
    at = body
    for part in parts[:-1]:
        at = at.setdefault(part, {})
    at[parts[-1]] = result
    return body

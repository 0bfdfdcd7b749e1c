"""Metrics of a model's own, as Triton's Python backend has them: the server records them beside the model's inferences."""

from __future__ import annotations

import _thread
import enum
import math
from collections.abc import Callable


class MetricKind(enum.Enum):
    COUNTER = 0
    GAUGE = 1


class Metric:
    """One number of a family, by its labels."""

    def __init__(self, key: str, kind: MetricKind) -> None:
        self._key, self._kind = key, kind
        _told.number(key, lambda now: now)

    def increment(self, value: float) -> None:
        if self._kind is MetricKind.COUNTER and value < 0:
            raise ValueError(f"metric {self._key} is a counter, and cannot be made less by {-value}")
        _told.number(self._key, lambda now: now + value)

    def set(self, value: float) -> None:
        if self._kind is MetricKind.COUNTER:
            raise ValueError(f"metric {self._key} is a counter, and cannot be set")
        _told.number(self._key, lambda _: value)

    def value(self) -> float:
        return _told.number(self._key, lambda now: now)


class MetricFamily:
    """Metrics of one name."""

    COUNTER, GAUGE = MetricKind

    def __init__(self, name: str, description: str, kind: MetricKind) -> None:
        if not isinstance(kind, MetricKind):
            raise TypeError(f"metric {name}: its kind is MetricFamily.COUNTER or MetricFamily.GAUGE")
        self._name, self._kind = name, kind

    def Metric(self, labels: dict[str, str] | None = None) -> Metric:  # noqa: N802 - Triton's name
        named = ",".join(f'{key}="{value}"' for key, value in sorted((labels or {}).items()))
        return Metric(self._name + (f"{{{named}}}" if named else ""), self._kind)


class Numbers:
    """The numbers of all metrics, and which of them the server does not know yet."""

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._numbers: dict[str, float] = {}
        self._changed: set[str] = set()

    def number(self, key: str, change: Callable[[float], float]) -> float:
        """Changes a number, and gives what it is then. One that is new is 0."""
        with self._lock:
            then = float(change(self._numbers.get(key, 0.0)))
            if then != self._numbers.get(key):
                self._numbers[key] = then
                self._changed.add(key)
            return then

    def news(self) -> dict[str, float] | None:
        """The numbers that have changed since they were last asked for, if any; those that JSON does not have are left out."""
        if not self._changed:
            return None
        with self._lock:
            changed, self._changed = self._changed, set()
            return {key: self._numbers[key] for key in sorted(changed) if math.isfinite(self._numbers[key])}


_told = Numbers()
news = _told.news

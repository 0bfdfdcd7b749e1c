"""mlrun.serving.server: the context, events and responses."""

from __future__ import annotations

from leat_worker.context import GraphContext
from leat_worker.events import Event as MockEvent
from leat_worker.events import Response
from leat_worker.events import Trigger as MockTrigger

__all__ = ["GraphContext", "MockEvent", "MockTrigger", "Response"]

"""nuclio: what code from notebooks imports. Its magics do nothing where it is served."""

from nuclio_sdk import Context, Event, Response

__all__ = ["Context", "Event", "Response"]

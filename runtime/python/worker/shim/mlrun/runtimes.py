"""What MLRun appends to the source of a serving function: hooks for nuclio, which there is none of here."""

from __future__ import annotations


def nuclio_init_hook(context: object, data: object, kind: str) -> None:
    """The server has read the graph already."""

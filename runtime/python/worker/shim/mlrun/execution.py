"""mlrun.execution: the context of a run, as types of arguments name it."""

from .run import Context as MLClientCtx

__all__ = ["MLClientCtx"]

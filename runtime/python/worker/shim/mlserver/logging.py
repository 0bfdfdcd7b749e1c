"""mlserver.logging: the logger, which writes to the server's log."""

from leat_worker.context import Logger

logger = Logger()

__all__ = ["logger"]

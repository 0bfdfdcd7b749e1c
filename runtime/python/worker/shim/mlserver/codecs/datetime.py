"""mlserver.codecs.datetime, where some code imports from."""

from .._codecs import DatetimeCodec

__all__ = ["DatetimeCodec"]

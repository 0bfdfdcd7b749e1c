"""mlserver.codecs.string, where some code imports from."""

from .._codecs import StringCodec, StringRequestCodec

__all__ = ["StringCodec", "StringRequestCodec"]

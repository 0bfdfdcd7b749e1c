"""mlserver.codecs.decorator, where some code imports from."""

from .._codecs import decode_args

__all__ = ["decode_args"]

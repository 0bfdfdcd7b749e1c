"""mlserver.codecs.numpy, where some code imports from."""

from .._codecs import NumpyCodec, NumpyRequestCodec

__all__ = ["NumpyCodec", "NumpyRequestCodec"]

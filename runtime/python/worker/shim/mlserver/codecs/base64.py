"""mlserver.codecs.base64, where some code imports from."""

from .._codecs import Base64Codec

__all__ = ["Base64Codec"]

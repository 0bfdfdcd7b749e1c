"""mlserver.codecs.base, where some code imports from."""

from .._codecs import InputCodec, RequestCodec, register_input_codec, register_request_codec

__all__ = ["InputCodec", "RequestCodec", "register_input_codec", "register_request_codec"]

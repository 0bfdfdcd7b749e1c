"""mlserver.codecs.utils, where some code imports from."""

from .._codecs import DecodedParameterName, InputOrOutput, decode_inference_request, decode_request_input, encode_inference_response

__all__ = ["DecodedParameterName", "InputOrOutput", "decode_inference_request", "decode_request_input", "encode_inference_response"]

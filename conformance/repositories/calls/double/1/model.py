"""Doubles; negative numbers fail."""

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(request.inputs()[0].as_numpy()) for request in requests]

    def answer(self, x):
        if (x < 0).any():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("x is negative", pb_utils.TritonError.INVALID_ARG))
        return pb_utils.InferenceResponse([pb_utils.Tensor("y", x * 2)])

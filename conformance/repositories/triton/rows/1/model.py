"""Multiplies, and tells with how many other requests it did so."""

import json

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.factor = np.float32(config["parameters"]["factor"]["string_value"])

    def execute(self, requests):
        return [self.answer(request, len(requests)) for request in requests]

    def answer(self, request, together):
        x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
        if (x < 0).any():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("x is negative"))
        outputs = [
            pb_utils.Tensor("y", x * self.factor),
            pb_utils.Tensor("together", np.full((len(x), 1), together, np.int32)),
        ]
        return pb_utils.InferenceResponse(outputs)

"""Adds the answers of a decoupled model, and counts its errors."""

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        asked = pb_utils.InferenceRequest(model_name="upto", requested_output_names=["y"], inputs=request.inputs())
        total, errors = np.zeros(1, np.float32), []
        for response in asked.exec(decoupled=True):
            if response.has_error():
                errors.append(response.error().message().encode())
            elif len(response.output_tensors()) > 0:
                total += pb_utils.get_output_tensor_by_name(response, "y").as_numpy()
        return pb_utils.InferenceResponse([pb_utils.Tensor("y", total), pb_utils.Tensor("errors", np.array(errors, object))])

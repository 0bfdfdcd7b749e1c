"""Asks itself for x - 1, until x is 0: how many have been asked."""

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        x = request.inputs()[0].as_numpy()
        if (x <= 0).all():
            return pb_utils.InferenceResponse([pb_utils.Tensor("y", x)])
        asked = pb_utils.InferenceRequest(model_name="itselftwo", requested_output_names=["y"], inputs=[pb_utils.Tensor("x", x - 1)])
        response = asked.exec()
        if response.has_error():
            return pb_utils.InferenceResponse(error=response.error())
        return pb_utils.InferenceResponse([pb_utils.Tensor("y", response.output_tensors()[0].as_numpy() + 1)])

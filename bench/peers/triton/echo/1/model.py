"""A model of Triton's that answers what it is asked, for benchgrpc -triton: Triton and leat serve it."""

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(pb_utils.get_input_tensor_by_name(r, "x")) for r in requests]

    def answer(self, tensor):
        return pb_utils.InferenceResponse([pb_utils.Tensor("y", tensor.as_numpy())])

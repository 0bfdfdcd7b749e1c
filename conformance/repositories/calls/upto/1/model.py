"""Answers 0, 1, 2 … up to x; in place of 2 an error."""

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            for i in range(int(request.inputs()[0].as_numpy()[0])):
                sender.send(self.answer(i))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

    def answer(self, i):
        if i == 2:
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("no 2", pb_utils.TritonError.NOT_FOUND))
        return pb_utils.InferenceResponse([pb_utils.Tensor("y", np.array([i], np.float32))])

"""A class of Triton's that sends its answers within execute, without a thread of its own."""

import os

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.made = self.ended = self.cut = 0

    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_INT64", "dims": [2]})
        config.add_output({"name": "OUT", "data_type": "TYPE_INT64", "dims": [-1]})
        config.set_max_batch_size(0)
        config.set_model_transaction_policy({"decoupled": True})
        return config

    def execute(self, requests):
        (request,) = requests
        sender = request.get_response_sender()
        n, width = request.inputs()[0].as_numpy().tolist()
        if n < 0:
            sender.send(answer([self.made, self.ended, self.cut, os.getpid()]), pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
            return None
        numbers = np.zeros(width, np.int64)  # one array for all answers
        try:
            for i in range(n):
                self.made += 1
                numbers[0] = i
                sender.send(answer(numbers))
            self.ended += 1
        except BaseException:
            self.cut += 1
            raise
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        return None


def answer(numbers):
    return pb_utils.InferenceResponse([pb_utils.Tensor("OUT", np.asarray(numbers, np.int64))])

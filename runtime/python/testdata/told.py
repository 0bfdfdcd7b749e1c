"""A class of Triton's that answers with what its requests say of themselves."""

import json

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "IN", "data_type": "TYPE_INT32", "dims": [1]})
        for name, datatype in (("SAID", "TYPE_STRING"), ("TWICE", "TYPE_INT32")):
            config.add_output({"name": name, "data_type": datatype, "dims": [1]})
        config.set_max_batch_size(8)
        return config

    def initialize(self, args):
        family = pb_utils.MetricFamily("answers", "how many there were", pb_utils.MetricFamily.COUNTER)
        self.answers = family.Metric({"to": "anybody"})

    def execute(self, requests):
        self.answers.increment(len(requests))
        return [self.answer(request, len(requests)) for request in requests]

    def answer(self, request, together):
        x = pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()
        codes = {-1: pb_utils.TritonError.NOT_FOUND, -2: pb_utils.TritonError.UNAVAILABLE, -3: pb_utils.TritonError.INTERNAL}
        if x[0, 0] in codes:
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("as asked", codes[x[0, 0]]))
        said = {
            "id": request.request_id(),
            "sequence": request.correlation_id(),
            "flags": request.flags(),
            "timeout": request.timeout(),
            "parameters": json.loads(request.parameters()),
            "outputs": sorted(request.requested_output_names()),
            "cancelled": request.is_cancelled(),
            "together": together,
        }
        outputs = {
            "SAID": np.array([[json.dumps(said, sort_keys=True)]] * len(x), object),
            "TWICE": 2 * x,
            "NOBODYS": np.array([1], np.int8),
        }
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in outputs.items()])

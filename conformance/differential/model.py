"""The models as Triton has them, in its own server and in leat."""

import json

import compute
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.name = args["model_name"]
        compute.load(self.name)

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        inputs = {t.name(): t.as_numpy() for t in request.inputs()}
        outputs = compute.run(self.name, inputs, json.loads(request.parameters() or "{}"))
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in outputs.items()])

"""A model on arrays."""

import numpy  # noqa: F401 - so that tensors come as arrays
from mlrun.serving import V2ModelServer


class Arrays(V2ModelServer):
    def load(self):
        pass

    def predict(self, request):
        return request["inputs"]

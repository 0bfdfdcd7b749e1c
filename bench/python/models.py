"""The models that bench/cmd/bench serves through leat and through MLRun: classes as MLRun's users write them."""

import os

from mlrun.serving import V2ModelServer


class Echo(V2ModelServer):
    """Answers what it was asked."""

    def load(self):
        pass

    def predict(self, request):
        return request["inputs"]


class Iris(V2ModelServer):
    """A classifier of scikit-learn's."""

    def load(self):
        import joblib

        self.classifier = joblib.load(os.path.join(self.get_param("folder"), "iris.joblib"))

    def predict(self, request):
        return self.classifier.predict(request["inputs"]).tolist()


class Busy(V2ModelServer):
    """Computes for some milliseconds, in Python's own code."""

    def load(self):
        pass

    def predict(self, request):
        n = 0
        for i in range(100000):
            n += i & 3
        return [n]


class Tensor(Echo):
    """Answers the array that it was asked, where it finds numpy."""

    def load(self):
        import numpy  # noqa: F401 - what comes in is an array then

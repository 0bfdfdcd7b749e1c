"""Models in Python that the OpenAPI documents are checked with: operations of their own, explanations, state."""

import mlrun.serving


class Sums(mlrun.serving.V2ModelServer):
    """Answers the sum of each row's numbers."""

    def load(self):
        self.calls = 0

    def predict(self, request):
        self.calls += 1
        return [sum(v for v in (row if isinstance(row, list) else [row]) if isinstance(v, (int, float))) for row in request["inputs"]]

    def explain(self, request):
        return [list(row) if isinstance(row, (list, tuple)) else [row] for row in request["inputs"]]

    def op_calls(self, event):
        return {"calls": self.calls}


class Last(mlrun.serving.V2ModelServer):
    """Answers what it was asked before."""

    def load(self):
        self.last = []

    def predict(self, request):
        answer, self.last = self.last, request["inputs"]
        return answer

"""Models that answer many times. Neither needs more than Python."""

import json

from mlrun.serving import V2ModelServer


class Report(V2ModelServer):
    """Writes a weather report word by word, as a language model does: each follows from the one before."""

    def load(self):
        file, _ = self.get_model(".json")
        with open(file) as f:
            self.follows = json.load(f)

    def predict(self, request):
        said = request.get("parameters") or {}
        word, seed = str(request["inputs"][0]), said.get("seed", 0)
        written = 0
        try:
            while word in self.follows and written < said.get("words", 20):
                words = self.follows[word]
                word = words[(seed + written) % len(words)]
                yield word  # goes to the client now; the next one is made when it can be taken
                written += 1
        finally:  # also when the client has gone
            print(f"wrote {written} words")


def root(inputs):
    """Looks for a square root, and says where it is after each step."""
    x = float(inputs[0])
    low, high = 0.0, max(1.0, x)
    while high - low > 0.1:
        middle = (low + high) / 2
        low, high = (middle, high) if middle * middle <= x else (low, middle)
        yield {"from": low, "to": high}

"""A model class and a step, as MLRun has them. Neither needs more than Python."""

import json

from mlrun.serving import V2ModelServer


class Houses(V2ModelServer):
    """Guesses the price of a house, in thousands, from its area, rooms and age."""

    def load(self):
        file, _ = self.get_model(".json")
        with open(file) as f:
            self.weights = json.load(f)

    def predict(self, request):
        per = self.weights
        return [
            round(per["base"] + per["area"] * area + per["rooms"] * rooms + per["age"] * age, 1)
            for area, rooms, age in request["inputs"]
        ]


def clean(event, context):
    """Leaves out rows without an area, before the model sees them."""
    rows = [row for row in event["inputs"] if row[0] > 0]
    if len(rows) < len(event["inputs"]):
        context.logger.info("rows without an area were left out")
    return {**event, "inputs": rows}

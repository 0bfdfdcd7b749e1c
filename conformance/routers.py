"""Routers of a user's own: subclasses of MLRun's that change each part of what a router does."""

from mlrun.serving import ModelRouter, V2ModelServer, VotingEnsemble
from mlrun.serving.routers import BaseModelRouter, ParallelRun


class Times(V2ModelServer):
    """A model: each input times a factor. It refuses inputs above a limit."""

    def load(self):
        self.factor = self.get_param("factor", 1)
        self.limit = self.get_param("limit", None)

    def predict(self, request):
        if self.limit is not None and max(request["inputs"]) > self.limit:
            raise ValueError(f"above {self.limit}")
        return [x * self.factor for x in request["inputs"]]


class Fields:
    """A step: fields of an object."""

    def __init__(self, p=None, q=None):
        self.fields = {k: v for k, v in (("p", p), ("q", q)) if v is not None}

    def do(self, event):
        return self.fields


class Toll(ModelRouter):
    """Changes requests before they are routed, and responses after."""

    def __init__(self, *args, toll=1, **kwargs):
        super().__init__(*args, **kwargs)
        self.toll = toll
        self.seen = 0

    def preprocess(self, event):
        self.seen += 1
        if event.method != "GET":
            event.body["inputs"] = [x + self.toll for x in event.body["inputs"]]
        return event

    def postprocess(self, event):
        event.body["seen"] = self.seen
        return event


class Rows(ModelRouter):
    """Reads another form of request."""

    def parse_event(self, event):
        body = super().parse_event(event)
        if "rows" in body:
            body = {"inputs": [sum(row) for row in body["rows"]], **{k: v for k, v in body.items() if k != "rows"}}
        return body


class BySize(BaseModelRouter):
    """Chooses the route by the request."""

    def _handle_event(self, event):
        if event.method == "GET":
            event.body = sorted(self.routes)
            return event
        name = "many" if len(event.body["inputs"]) > 2 else "few"
        event.path = "infer"
        event.body = {"by": name, "said": self.routes[name].run(event).body}
        return event


class Cascade(ModelRouter):
    """Handles whole events: asks the next route where one fails."""

    def do_event(self, event, *args, **kwargs):
        body, failed = event.body, []
        for name, route in self.routes.items():
            event.path, event.body = "infer", body
            try:
                event.body = {"from": name, "outputs": route.run(event).body["outputs"], "failed": failed}
                return event
            except ValueError as exc:
                failed.append(f"{name}: {exc}")
        raise RuntimeError("; ".join(failed))


class Passes(ModelRouter):
    """Lets what a route raises pass, and raises itself."""

    def preprocess(self, event):
        if event.body and event.body.get("bad"):
            raise KeyError("no such fare")
        return event


class Halts(ModelRouter):
    """Answers itself, without any route."""

    def preprocess(self, event):
        if event.body and not event.body.get("inputs"):
            event.terminated = True
            event.body = {"nothing": True}
        return event


class Created(ModelRouter):
    """Answers with a response of its own."""

    def postprocess(self, event):
        event.body = self.context.Response(body=str(event.body["outputs"]), content_type="text/x-list", status_code=201)
        return event


class Highest(VotingEnsemble):
    """The highest prediction of each row."""

    def logic(self, predictions, weights):
        return [float(max(row)) for row in predictions]


class Heavy(VotingEnsemble):
    """The predictions with their weights."""

    def logic(self, predictions, weights):
        return [sorted([int(p), float(w)] for p, w in zip(row, weights)) for row in predictions]


class Plain(VotingEnsemble):
    """An ensemble that changes nothing."""


class Strict(VotingEnsemble):
    """Checks requests, and says who has voted."""

    def validate(self, request, method):
        request = super().validate(request, method)
        if method != "GET" and len(request["inputs"]) > 3:
            raise ValueError("more than 3 inputs")
        return request

    def postprocess(self, event):
        if isinstance(event.body, dict) and "outputs" in event.body:
            event.body["voters"] = sorted(self.routes)
        return event


class Union(ParallelRun):
    """Keeps the results of the routes apart."""

    def merger(self, body, results):
        body["results"] = {key: results[key] for key in sorted(results)}
        return body


class Merged(ParallelRun):
    """Changes nothing of ParallelRun."""

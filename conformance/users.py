"""Code as MLRun's users write it: models with hooks and operations of their own, steps with a context and
a name, functions. It runs unchanged on MLRun; verify/users.yaml has the specs that name it."""

import dataclasses
import json
import logging
import pathlib
import threading

from mlrun.serving import V2ModelServer
from mlrun.serving.server import Response
from storey import MapClass

logger = logging.getLogger(__name__)
HERE = pathlib.Path(__file__).parent


class Scored(V2ModelServer):
    """Has arguments of its own, files beside the code, logs and operations."""

    def __init__(self, context, name, model_path=None, threshold: float = 0.5, **kwargs):
        super().__init__(context, name, model_path, **kwargs)
        self.threshold = threshold

    def load(self):
        self.context.logger.info("loading", threshold=self.threshold)
        self.beside = (HERE / "user_code.py").exists()

    def predict(self, body: dict) -> list:
        logger.warning("%d rows", len(body["inputs"]))
        self.set_metric("rows", len(body["inputs"]))
        return [int(sum(row) > self.threshold) for row in body["inputs"]]

    def explain(self, body):
        return f"explained {len(body['inputs'])}"

    def op_about(self, event):
        return {"path": event.path, "method": event.method, "beside": self.beside, "p": self.get_param("p", "none"), "version": self.version}

    def op_raw(self, event):
        return self.context.Response(body=b"\x00\x01", content_type="application/octet-stream", status_code=201)

    def op_text(self, event):
        return "plain"


class Counting(V2ModelServer):
    """Handles events itself, and leaves to its base what it does not know."""

    def load(self):
        self.count = 0

    def do_event(self, event, *args, **kwargs):
        self.count += 1
        if event.path.strip("/") == "stats":
            event.body = {"count": self.count, "path": event.path, "method": event.method}
            return event
        return super().do_event(event, *args, **kwargs)

    def predict(self, body):
        return [sum(row) for row in body["inputs"]]


class Features(V2ModelServer):
    """Takes another form of request, and gives another form of answer."""

    def load(self):
        pass

    def preprocess(self, request, operation):
        return {"inputs": [[row["a"], row["b"]] for row in request["features"]], "op": operation}

    def predict(self, request):
        return {"op": request["op"], "sums": [sum(row) for row in request["inputs"]]}

    def postprocess(self, response):
        return {"result": response["outputs"], "keys": list(response)}


class Answers(V2ModelServer):
    """Answers with what is no document."""

    def load(self):
        pass

    def predict(self, request):
        return request["inputs"]

    def postprocess(self, response):
        kind = response["outputs"][0]
        if kind == "text":
            return "some text"
        if kind == "bytes":
            return b"\x00\x01"
        if kind == "list":
            return [1, 2]
        if kind == "response":
            return self.context.Response(body="short and stout", content_type="text/tea", status_code=418)
        if kind == "json":
            return Response(body=json.dumps({"a": 1}), content_type="application/json", status_code=203)
        return {"outputs": kind}


class Fails(V2ModelServer):
    """Fails in the ways in which code does."""

    def load(self):
        pass

    def predict(self, request):
        kind = request["inputs"][0]
        if kind == "chained":
            try:
                {}["x"]
            except KeyError as exc:
                raise RuntimeError("could not look up") from exc
        if kind == "empty":
            raise ValueError
        if kind == "own":
            raise OwnError("mine", 5)
        if kind == "assert":
            assert kind == 2, "an assertion"
        if kind == "lines":
            raise ValueError("špatně\nsecond line")
        if kind == "deep":
            return self.predict(request)
        return {}["no key"]


class OwnError(Exception):
    pass


class Enrich(MapClass):
    def __init__(self, name=None, context=None, factor=1, **kwargs):
        super().__init__(name=name, context=context, **kwargs)
        self.factor = factor

    def do(self, event):
        event["e"] = event.get("x", 0) * self.factor
        event["n"] = self.name
        return event


class Apply:
    def __init__(self, fn=None, k=0):
        self.fn, self.k = fn, k

    def do(self, event):
        return self.fn(event) + self.k


class Whole:
    def __init__(self, full_event=None):
        self.full_event = full_event

    def do(self, event):
        event.body = {"was": event.body, "path": event.path, "method": event.method, "id": event.id, "full": self.full_event}
        return event


class Static:
    @staticmethod
    def do(event):
        return {"static": event}


@dataclasses.dataclass
class Adds:
    """A step that is a dataclass."""

    n: int = 1

    def do(self, event):
        return event + self.n


def add_ten(event):
    return event + 10


def with_context(event, context):
    context.logger.info("an event", size=len(event))
    return {"has": hasattr(context, "logger"), "project": context.project, "p": context.get_param("p", 0)}


def responds(event):
    return Response(body=json.dumps({"a": 1}), content_type="application/json", status_code=202)


def in_thread(event):
    out = []
    thread = threading.Thread(target=lambda: out.append(event))
    thread.start()
    thread.join()
    return out

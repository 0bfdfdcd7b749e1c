"""Models and steps that the tests of this package run."""

import os
import sys
import time

from mlrun.serving import V2ModelServer


class Echo(V2ModelServer):
    def load(self):
        pass

    def predict(self, request):
        return request["inputs"]


class Sleeper(Echo):
    """Sleeps for as many seconds as the input says."""

    def predict(self, request):
        time.sleep(request["inputs"][0])
        return request["inputs"]


class Exits(Echo):
    def predict(self, request):
        if request["inputs"][0] == "exit":
            os._exit(7)
        if request["inputs"][0] == "kill":
            os.kill(os.getpid(), 9)
        if request["inputs"][0] == "pid":
            return [os.getpid()]
        return request["inputs"]


class Prints(Echo):
    """Prints as many megabytes as the input says."""

    def predict(self, request):
        line = "x" * (1 << 20)
        for _ in range(request["inputs"][0]):
            print(line)
            sys.stderr.write("short\n" * 1000)
        return ["printed"]


class Hoards(Echo):
    """Keeps as many megabytes as the input says, and stays with them for so many seconds."""

    def load(self):
        self.kept = []

    def predict(self, request):
        for _ in range(request["inputs"][0]):
            self.kept.append(b"x" * (1 << 20))
            time.sleep(0.001)
        time.sleep(request["inputs"][1])
        return [os.getpid()]


class Forks(Echo):
    """Leaves a child behind, and says its number."""

    def predict(self, request):
        pid = os.fork()
        if pid == 0:
            time.sleep(600)
            os._exit(0)
        return [pid]


class Broken:
    def __init__(self):
        raise ValueError("cannot be made")

    def do(self, event):
        return event


class BrokenLoad(Echo):
    def load(self):
        raise OSError("no file")


class BrokenPredict(Echo):
    def predict(self, request):
        return self.deeper(request)

    def deeper(self, request):
        raise KeyError("missing")


class Unwritable(Echo):
    def predict(self, request):
        return [object()]


class Counter:
    """Counts on the context, which all steps share."""

    def __init__(self, context, by=1):
        self.context = context
        self.by = by
        if not hasattr(context, "count"):
            context.count = 0

    def do(self, event):
        self.context.count += self.by
        return self.context.count


class Whole:
    def do_event(self, event):
        event.body = {"path": event.path, "key": event.key, "id": event.id, "method": event.method}
        event.path = "/changed"
        return event


class Replies:
    def __init__(self, context):
        self.context = context

    def do(self, event):
        return self.context.Response(body="made", status_code=201, content_type="text/x-made", headers={"x-a": "b"})


def double(event):
    return event * 2


def positive(event):
    return event > 0


def numbers(event):
    yield from range(event)


class Reads(Echo):
    """Reads a file that the server finds."""

    def load(self):
        import mlrun

        self.text = mlrun.get_dataitem("note.txt").get(encoding="utf-8").strip()

    def predict(self, request):
        return [self.text]


class Opens(Echo):
    """Opens its model, and asks for a secret that is nowhere."""

    def load(self):
        self.file, _ = self.get_model(".txt")
        self.secret = self.context.get_secret("nowhere")

    def predict(self, request):
        with open(self.file) as f:
            return [f.read().strip(), self.secret]


class Errs:
    def __init__(self, context):
        self.context = context

    def do(self, event):
        self.context.push_error(event, "it went wrong", source="Errs")
        return event


class OwnEvents(Echo):
    """Handles events itself, as few models do."""

    def do_event(self, event, *args, **kwargs):
        event.body = {"path": event.path, "loaded": self.ready}
        return event


def teapot(event, context):
    return context.Response(body="short and stout", status_code=418)


class Raw(Echo):
    """Gives the request back as text, which is as long."""

    def predict(self, request):
        return request


def total(inputs):
    return [sum(row) for row in inputs]


def last_word(event):
    """Ends the graph with an answer of its own, for events that are odd."""
    if event.body % 2:
        event.body = ["no further", event.body]
        event.terminated = True
    return event


class Secrets:
    def __init__(self, context):
        self.context = context

    def do(self, event):
        return [self.context.get_secret(name) for name in event]


class Threads(Echo):
    def predict(self, request):
        return [os.environ.get("OMP_NUM_THREADS"), os.environ.get("OPENBLAS_NUM_THREADS")]


class BrokenInit(Echo):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        raise ValueError("cannot be made")

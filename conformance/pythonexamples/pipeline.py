"""Steps as MLRun's guide to graphs writes them: classes with do, functions, a handler of errors, storey's base class."""

import storey


class Echo(storey.MapClass):
    def __init__(self, context, name=None, **kw):
        super().__init__(**kw)
        self.context = context
        self.name = name

    def do(self, x):
        self.context.logger.info("echo", step=self.name)
        return {**x, "seen": [*x.get("seen", []), self.name]}


class RespName:
    def __init__(self, name=None):
        self.name = name

    def do(self, event):
        return {"name": self.name, "body": event}


def enrich(event):
    if "bad" in event:
        raise ValueError("nothing to enrich")
    event["age"] = event["born"] and 2026 - event["born"]
    return event


def error_catcher(event):
    event.body = {"body": event.body, "origin_state": event.origin_state, "error": event.error}
    return event


def ends_early(event):
    if event.body.get("done"):
        event.body = {"answer": "at once"}
        event.terminated = True
    return event

"""User code of specs.yaml, besides conformance/user_code.py; classes_test.go has the same in Go."""


def wrap(event):
    return {"wrapped": event}


def items(event):
    return event["items"]


def nothing(event):
    return None


def empty_list(event):
    return []


def zero(event):
    return 0


def truth(event):
    return True


def text(event):
    return "some text"


def large(event):
    return {"v": event["v"] > 10}


def show(event):
    """What a step with full_event sees."""
    event.body = {"body": event.body, "path": event.path, "method": event.method, "id": event.id}
    return event


def key_error(event):
    return event["missing"]


def type_error(event):
    raise TypeError("wrong type")


def chained(event):
    try:
        raise ValueError("inner")
    except ValueError as exc:
        raise RuntimeError("outer") from exc


def note(event):
    """Handles an error: the body says what failed."""
    event.body = {"origin": event.origin_state, "was": event.body}
    return event


def total(event):
    return sum(event)


def count(event):
    return len(event)


def add_one(event):
    return event + 1


def with_key(event):
    return {**event, "seen": True}


def running(event, state):
    return event + state, event + state


def teapot(event):
    from mlrun.serving.server import Response

    event.body = Response(body="short and stout", content_type="text/tea", status_code=418)
    return event

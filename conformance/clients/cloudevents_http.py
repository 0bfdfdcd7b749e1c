"""CloudEvents' own package against a server of examples/quickstart: events in both modes,
with attributes that a header has to encode, and what is no event.

    python cloudevents_http.py 127.0.0.1:8080
"""

import datetime
import json
import sys
import urllib.error
import urllib.request

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

ASKED = {"instances": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]}
ATTRIBUTES = {
    "id": "7", "source": "https://example.com/a", "type": "com.example.rows", "specversion": "1.0", "subject": 'grün € 100% "x"',
    "dataschema": "https://example.com/schema", "time": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), "extension": "wört",
}  # fmt: skip
passed = 0


def check(what, got, want=True):
    global passed
    if got != want:
        sys.exit(f"cloudevents: {what}: got {got!r}, want {want!r}")
    passed += 1


def send(url, message):
    request = urllib.request.Request(url, message.body, dict(message.headers), method="POST")
    try:
        with urllib.request.urlopen(request) as r:
            return r.status, HTTPMessage(headers=dict(r.headers), body=r.read())
    except urllib.error.HTTPError as e:
        return e.code, HTTPMessage(headers=dict(e.headers), body=e.read())


def event(data, **attributes):
    return CloudEvent(attributes={**ATTRIBUTES, **attributes}, data=data)


def answered(what, url, message, structured):
    status, answer = send(url, message)
    check(f"{what}: status", (status, answer.headers["Content-Type"]), (200, f"application/{'cloudevents+' * structured}json"))
    got = from_http_event(answer)
    check(f"{what}: type", got.get_type(), "io.kserve.inference.response")
    check(f"{what}: source", got.get_source(), "io.kserve.inference.iris")
    check(f"{what}: an id and a time of its own", got.get_id() not in ("", "7") and got.get_time().year > 2024)
    check(f"{what}: data", got.get_data(), {"predictions": [0, 2]})
    check(f"{what}: nothing else", sorted(got.get_attributes()), ["datacontenttype", "id", "source", "specversion", "time", "type"])


def main():
    url = f"http://{sys.argv[1]}/v1/models/iris:predict"
    answered("binary", url, to_binary_event(event(ASKED, datacontenttype="application/json")), False)
    structured = to_structured_event(event(ASKED))
    answered("structured", url, structured, True)
    answered("base64", url, to_structured_event(event(json.dumps(ASKED).encode(), datacontenttype="application/octet-stream")), True)
    answered("called JSON", url, HTTPMessage(headers={"Content-Type": "application/json"}, body=structured.body), True)
    for what, headers, body, want in [
        ("a batch", {"Content-Type": "application/cloudevents-batch+json"}, b"[" + structured.body + b"]", 415),
        ("no source", {"ce-specversion": "1.0", "ce-id": "7", "ce-type": "t", "Content-Type": "application/json"}, json.dumps(ASKED).encode(), 400),
        ("a later version", structured.headers, structured.body.replace(b'"1.0"', b'"2.0"'), 400),
        ("no event", structured.headers, b"[]", 400),
    ]:
        status, answer = send(url, HTTPMessage(headers=headers, body=body))
        check(what, (status, "error" in json.loads(answer.body)), (want, True))
    print(f"cloudevents for Python: {passed} checks")


main()

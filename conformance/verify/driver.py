"""Runs specs through the real MLRun and writes what it answers, as JSON lines.

Usage: driver.py OUT [SPECS]. The specs are those of ../mlrun.jsonl that MLRun can
run by itself, and those of specs.yaml; or those of SPECS alone. Each line of OUT stands alone: name, spec,
function (the current function), requests, and answers, one for each request:

    {"status", "content_type", "body"}   as the host would send it
    {"raised": "Class: text"}            escaped from MLRun; the host answers 500
    {"hangs": true}                      nothing came within HANG seconds

or, where the graph cannot be built or started, "build_error" in their stead.
The first line says which versions answered.

A request is sent the way nuclio does: as bytes, through MLRun's handler for
nuclio; nuclio's own SDK makes the response of what the handler returns. Nothing
is reached but a stub HTTP server on the loopback interface, ${UPSTREAM} in specs
and bodies. In answers, moments are written as TIMESTAMP.
"""

import asyncio
import base64
import concurrent.futures
import importlib.metadata
import inspect
import json
import logging
import os
import pathlib
import re
import sys
import threading

os.environ.update(
    MLRUN_DBPATH="nop",  # there is no API to reach
    MLRUN_LOG_LEVEL="ERROR",
    MLRUN_HTTPDB__DEFAULT_PROJECT="default",
)
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import mlrun  # noqa: E402
import nuclio_sdk  # noqa: E402
import storey.queue  # noqa: E402
import yaml  # noqa: E402
from mlrun.serving.server import GraphServer, MockEvent, MockTrigger, v2_serving_handler  # noqa: E402

import more_user_code  # noqa: E402
import routers  # noqa: E402
import upstream  # noqa: E402
import user_code  # noqa: E402
import users  # noqa: E402

logging.disable()

HANG = 3.0
START = 20.0
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00:00")

def loop_bound(peek):
    """storey 1.7 expects a queue to know its loop from the start, as in Python 3.9; without
    this, concurrent steps lose every second event in newer Pythons."""

    async def bound(queue):
        queue._get_loop()
        return await peek(queue)

    return bound


storey.queue.AsyncQueue.peek = loop_bound(storey.queue.AsyncQueue.peek)

# What the cases of mlrun.jsonl are about that is not a graph answering requests,
# or needs an upstream of its own.
SKIPPED = ("router_max_steps", "merge_max_behind", "remote_", "batch_http", "better_stream_outage")


def cases(specs=None):
    if specs is None:
        yield from contract()
    for case in yaml.safe_load((HERE / (specs or "specs.yaml")).read_text()):
        spec = {"function_uri": "default/func", "version": "v2", **case.get("server", {}), "graph": case["graph"]}
        requests = [{"method": "POST", "path": "/", **r} for r in case["requests"]]
        yield case["name"], spec, case.get("function", "*"), requests


def contract():
    for line in (HERE.parent / "mlrun.jsonl").read_text().splitlines():
        case = json.loads(line)
        if "graph" not in case["spec"] or case["name"].startswith(SKIPPED):
            continue
        requests = case["request"] if isinstance(case["request"], list) else [case["request"]]
        yield case["name"], case["spec"], case.get("function", "*"), [r for r in requests if r]


def within(seconds, call):
    """What call returns, or concurrent.futures.TimeoutError: its thread is then left alone."""
    future = concurrent.futures.Future()

    def run():
        try:
            future.set_result(call())
        except BaseException as exc:  # noqa: BLE001 - handed to the caller
            future.set_exception(exc)

    threading.Thread(target=run, daemon=True).start()
    return future.result(seconds)


def told(exc):
    return f"{type(exc).__name__}: {exc}"


def build(spec, function):
    server = GraphServer.from_dict(json.loads(json.dumps(spec)))
    server.set_current_function(function)
    namespace = [user_code, more_user_code, routers, users]
    server.init_states(context=None, namespace=namespace, is_mock=True)
    server.init_object(namespace)
    return server


def wire(body):
    """A body as bytes: text as it is, a document as JSON."""
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def event(request):
    return MockEvent(
        body=wire(request.get("body")),
        content_type=request.get("content_type"),
        headers=dict(request.get("headers") or {}),
        method=request["method"],
        path=request["path"],
        event_id=request["event_id"],
        trigger=MockTrigger(kind=request.get("trigger_kind", "")),
    )


def ask(server, request):
    def call():
        out = v2_serving_handler(server.context, event(request))
        if inspect.isawaitable(out):
            out = asyncio.run(out)
        if hasattr(out, "status_code"):
            return {"status": out.status_code, "content_type": out.content_type, "body": text(out.body)}
        # The host makes a response of whatever else there is.
        out = nuclio_sdk.Response.from_entrypoint_output(json.dumps, out)
        body = base64.b64decode(out["body"]) if out["body_encoding"] == "base64" else out["body"]
        return {"status": out["status_code"], "content_type": out["content_type"], "body": text(body)}

    try:
        return within(HANG if not request.get("trigger_kind") else START, call)
    except concurrent.futures.TimeoutError as exc:
        # The step itself may have raised a class of that name.
        return {"hangs": True} if not exc.args else {"raised": told(exc)}
    except Exception as exc:  # noqa: BLE001 - whatever the host would see
        return {"raised": told(exc)}


def text(body):
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    return body if isinstance(body, str) else json.dumps(body)


def clean(answer, url):
    for key in ("body", "raised"):
        if key in answer:
            answer[key] = MOMENT.sub("TIMESTAMP", answer[key].replace(url, "${UPSTREAM}"))
            answer[key] = answer[key].replace(str(HERE.parent), "${CASES}")
    return answer


def run(name, spec, function, requests, stub):
    """One line of the output."""
    stub.reset()
    for i, request in enumerate(requests):
        request.setdefault("event_id", f"e{i + 1}")
    line = {"name": name, "spec": spec, "function": function, "requests": requests}

    def filled(doc):
        filled = json.dumps(doc).replace("${UPSTREAM}", stub.url).replace("${CASES}", str(HERE.parent))
        return json.loads(filled)

    try:
        server = within(START, lambda: build(filled(spec), function))
    except Exception as exc:  # noqa: BLE001 - it is what the line is about
        line["build_error"] = told(exc)
        return line
    line["answers"] = [clean(ask(server, r), stub.url) for r in filled(requests)]
    return line


def main(out, specs=None):
    only = os.environ.get("ONLY")
    stub = upstream.Stub()
    lines = [{"mlrun": mlrun.__version__, "storey": importlib.metadata.version("storey")}]
    for name, spec, function, requests in cases(specs):
        if only and not re.search(only, name):
            continue
        lines.append(run(name, spec, function, requests, stub))
        print(".", end="", file=sys.stderr, flush=True)
    print(f"\n{len(lines) - 1} specs answered by MLRun {mlrun.__version__}", file=sys.stderr)
    with open(out, "w") as f:
        for line in lines:
            f.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")
    sys.stdout.flush()
    os._exit(0)  # threads that hang do not end by themselves


if __name__ == "__main__":
    main(*sys.argv[1:])

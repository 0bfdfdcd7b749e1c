"""Triton's client against a model that answers many times, and its generate extension
over HTTP, against a server of server.yaml.

    python triton_streams.py 127.0.0.1:8081 127.0.0.1:8080
"""

import asyncio
import http.client
import json
import queue
import sys

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

passed = 0


def check(what, got, want=True):
    global passed
    if got != want:
        sys.exit(f"triton streams: {what}: got {got!r}, want {want!r}")
    passed += 1


def number(n, module=triton):
    t = module.InferInput("IN", [1], "INT32")
    t.set_data_from_numpy(np.array([n], np.int32))
    return t


def is_final(response):
    return response.parameters["triton_final_response"].bool_param


def decoupled(c):
    check("config", c.get_model_config("repeat").config.model_transaction_policy.decoupled)
    got = queue.Queue()
    c.start_stream(callback=lambda result, error: got.put((result, error)))
    for i, n in enumerate([4, 0, 2]):
        c.async_stream_infer("repeat", [number(n)], request_id=str(i), enable_empty_final_response=True)
    answers = {"0": [], "1": [], "2": []}  # those of different requests come in any order
    for _ in range(4 + 1 + 0 + 1 + 2 + 1):
        result, error = got.get(timeout=30)
        check("no error", error, None)
        r = result.get_response()
        answers[r.id].append((result.as_numpy("OUT").tolist() if r.outputs else None, is_final(r)))
    for i, n in enumerate([4, 0, 2]):
        check(f"the answers to request {i}", answers[str(i)], [([n], False)] * n + [(None, True)])
    c.async_stream_infer("repeat", [number(-2)], request_id="x")
    for _ in range(2):
        result, error = got.get(timeout=30)
        check("an answer before a failure", (error, result.get_response().id), (None, "x"))
    result, error = got.get(timeout=30)
    check("a failure behind answers", "negative" in str(error))
    c.async_stream_infer("repeat", [number(1)], request_id="y")
    result, error = got.get(timeout=30)
    check("the stream goes on, without a final answer where none is asked for", (error, result.get_response().id), (None, "y"))
    c.stop_stream()
    c.start_stream(callback=lambda result, error: got.put((result, error)))
    c.async_stream_infer("repeat", [number(2_000_000_000)])
    check("the first of very many", got.get(timeout=30)[1], None)
    c.stop_stream(cancel_requests=True)
    try:
        c.infer("repeat", [number(1)])
        sys.exit("triton streams: one answer of a decoupled model was not refused")
    except InferenceServerException as e:
        check("one answer is refused", e.status(), "StatusCode.UNIMPLEMENTED")


async def aio(at):
    async with triton_aio.InferenceServerClient(at) as c:

        async def requests():
            for n in (3, 1):
                yield {"model_name": "repeat", "inputs": [number(n, triton_aio)], "request_id": str(n)}

        got = []  # this client has no way to ask for final answers
        async for result, error in c.stream_infer(requests()):
            check("aio: no error", error, None)
            r = result.get_response()
            got.append((r.id, len(r.outputs), is_final(r)))
        check("aio", sorted(got), [("1", 1, False)] + [("3", 1, False)] * 3)


def post(web, path, body):
    c = http.client.HTTPConnection(web, timeout=30)
    c.request("POST", f"/v2/models/repeat/{path}", json.dumps(body), {"Content-Type": "application/json"})
    r = c.getresponse()
    return r.status, r.getheader("Content-Type"), r.read().decode()


def generate(web):
    sse = "text/event-stream; charset=utf-8"
    one = '{"id":"7","model_name":"repeat","OUT":1}'
    check("generate", post(web, "generate", {"id": "7", "IN": 1}), (200, "application/json", one))
    check("generate_stream", post(web, "generate_stream", {"id": "7", "IN": [1]}), (200, sse, f"data: {one}\n\n"))
    check("no answers", post(web, "generate_stream", {"IN": 0}), (200, sse, ""))
    status, kind, text = post(web, "generate", {"IN": 2})
    check("generate of several", (kind, "exactly 1 response" in json.loads(text)["error"], status), ("application/json", True, 500))
    status, kind, text = post(web, "generate_stream", {"IN": -1})
    first, last = [json.loads(line.removeprefix("data: ")) for line in text.strip().split("\n\n")]
    check("a failure in band", (status, kind, first["OUT"], "negative" in last["error"]), (200, sse, -1, True))
    status, kind, _ = post(web, "generate_stream", {"IN": "one"})
    check("a wrong type", (status, kind), (400, "application/json"))
    client = triton_http.InferenceServerClient(web)
    try:
        client.infer("repeat", [number(1, triton_http)])
        sys.exit("triton streams: one answer of a decoupled model was not refused")
    except InferenceServerException as e:
        check("one answer is refused over HTTP", e.status(), "501")
    client.close()


def main():
    at, web = sys.argv[1:]
    with triton.InferenceServerClient(at) as c:
        decoupled(c)
    asyncio.run(aio(at))
    generate(web)
    print(f"tritonclient, streams and generate: {passed} checks passed")


main()

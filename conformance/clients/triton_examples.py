"""What the examples of Triton's client show, by programs of our own, against a server of
Triton's own example repository (models simple, simple_string, simple_sequence and
simple_dyna_sequence): each function is named for its examples.

    python triton_examples.py 127.0.0.1:8080 127.0.0.1:8081
"""

import asyncio
import queue
import sys
import threading

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException

WEB, AT = sys.argv[1:3]
A = np.arange(16, dtype=np.int32).reshape(1, 16)
B = np.ones((1, 16), dtype=np.int32)
VALUES = [11, 7, 5, 3, 2, 0, 1]
passed = 0


def check(what, got, want=True):
    global passed
    if isinstance(got, np.ndarray):
        got = got.tolist()
    if isinstance(want, np.ndarray):
        want = want.tolist()
    if got != want:
        sys.exit(f"Triton's examples: {what}: got {got!r}, want {want!r}")
    passed += 1


def refused(what, part, call):
    try:
        call()
    except InferenceServerException as e:
        return check(f"{what}: {e.message()}", part in e.message())
    sys.exit(f"Triton's examples: {what}: was not refused")


def tensors(m, a=A, b=B, datatype="INT32", **how):
    all = [m.InferInput(f"INPUT{i}", list(v.shape), datatype) for i, v in enumerate((a, b))]
    for t, v in zip(all, (a, b)):
        t.set_data_from_numpy(v, **how)
    return all


def sums(result, what, a=A, b=B):
    check(f"{what}: sum", result.as_numpy("OUTPUT0"), a + b)
    check(f"{what}: difference", result.as_numpy("OUTPUT1"), a - b)


def simple_infer(m, c, what):
    """simple_http_infer_client, simple_grpc_infer_client."""
    wanted = [m.InferRequestedOutput(f"OUTPUT{i}") for i in range(2)]
    sums(c.infer("simple", tensors(m), outputs=wanted, headers={"test": "1"}), what)
    sums(c.infer("simple", tensors(m)), f"{what}, without outputs")
    one = c.infer("simple", tensors(m), outputs=wanted[:1])
    check(f"{what}: only one output", (one.as_numpy("OUTPUT0").tolist(), one.as_numpy("OUTPUT1")), ((A + B).tolist(), None))
    rows = np.repeat(A, 8, axis=0)
    sums(c.infer("simple", tensors(m, rows, rows)), f"{what}, a batch", rows, rows)
    refused(f"{what}: too large a batch", "8", lambda: c.infer("simple", tensors(m, np.repeat(A, 9, axis=0), np.repeat(A, 9, axis=0))))
    refused(f"{what}: an input that is missing", "INPUT1", lambda: c.infer("simple", tensors(m)[:1]))
    refused(f"{what}: a shape that is none of the model's", "shape", lambda: c.infer("simple", tensors(m, A[:, :8].copy(), B[:, :8].copy())))


def http_infer_without_bytes(c):
    """simple_http_infer_client: both sides in JSON, and one of them."""
    for sent in (True, False):
        for answered in (True, False):
            wanted = [http.InferRequestedOutput(f"OUTPUT{i}", binary_data=answered) for i in range(2)]
            sums(c.infer("simple", tensors(http, binary_data=sent), outputs=wanted), f"bytes {sent}, {answered}")
    for sent in ("gzip", "deflate"):
        result = c.infer("simple", tensors(http), request_compression_algorithm=sent, response_compression_algorithm=sent)
        sums(result, sent)


def simple_string_infer(m, c, what):
    """simple_http_string_infer_client, simple_grpc_string_infer_client."""
    texts = [np.array([[str(v) for v in row] for row in array], dtype=object) for array in (A, B)]
    ways = [{"binary_data": True}, {"binary_data": False}] if m is http else [{}]
    for how in ways:
        result = c.infer("simple_string", tensors(m, *texts, datatype="BYTES", **how))
        for output, want in (("OUTPUT0", A + B), ("OUTPUT1", A - B)):
            check(f"{what}: {output}", [int(v) for v in result.as_numpy(output).reshape(-1)], want.reshape(-1).tolist())


def async_infer(web, rpc):
    """simple_http_async_infer_client, simple_grpc_async_infer_client."""
    for r in [web.async_infer("simple", tensors(http)) for _ in range(16)]:
        sums(r.get_result(timeout=60), "async over HTTP")
    got = queue.Queue()
    for _ in range(16):
        rpc.async_infer("simple", tensors(grpc), callback=lambda result, error: got.put((result, error)))
    for _ in range(16):
        result, error = got.get(timeout=60)
        check("async over gRPC", error, None)
        sums(result, "async over gRPC")


async def aio():
    """simple_http_aio_infer_client, simple_grpc_aio_infer_client."""
    for m, at in ((http_aio, WEB), (grpc_aio, AT)):
        async with m.InferenceServerClient(at) as c:
            check("aio: live", await c.is_server_live())
            for result in await asyncio.gather(*(c.infer("simple", tensors(m)) for _ in range(8))):
                sums(result, "aio")
    """simple_grpc_aio_sequence_stream_infer_client."""
    async with grpc_aio.InferenceServerClient(AT) as c:

        async def requests():
            for i, value in enumerate(VALUES):
                yield {"model_name": "simple_sequence", "inputs": [value_tensor(grpc_aio, value)], **position(3001, i)}

        got = [result.as_numpy("OUTPUT")[0][0] async for result, error in c.stream_infer(requests()) if error is None]
        check("aio: a sequence in a stream", [int(v) for v in got], expected(3001, False))


def value_tensor(m, value):
    t = m.InferInput("INPUT", [1, 1], "INT32")
    t.set_data_from_numpy(np.full((1, 1), value, dtype=np.int32))
    return t


def position(sequence, i):
    return {"sequence_id": sequence, "sequence_start": i == 0, "sequence_end": i == len(VALUES) - 1}


def expected(sequence, dyna):
    """The models add 1 at the start, and the dynamic one the sequence's id at the end."""
    want = list(VALUES)
    want[0] += 1
    if dyna:
        want[-1] += sequence
    return want


def sequence_sync(m, c, first, what):
    """simple_http_sequence_sync_infer_client, simple_grpc_sequence_sync_infer_client: two
    sequences whose requests alternate, with numbers and texts as their ids."""
    for model, dyna in (("simple_sequence", False), ("simple_dyna_sequence", True)):
        ids = (first, first + 1)
        got = {s: [] for s in ids}
        for i, value in enumerate(VALUES):
            for s in ids:
                got[s].append(int(c.infer(model, [value_tensor(m, value)], **position(s, i)).as_numpy("OUTPUT")[0][0]))
        for s in ids:
            check(f"{what}: {model} {s}", got[s], expected(s, dyna))
    got = [int(c.infer("simple_sequence", [value_tensor(m, v)], **position(f"text {first}", i)).as_numpy("OUTPUT")[0][0]) for i, v in enumerate(VALUES)]
    check(f"{what}: a text as id", got, expected(0, False))
    refused(f"{what}: no sequence", "sequence", lambda: c.infer("simple_sequence", [value_tensor(m, 1)]))


def sequence_stream(c):
    """simple_grpc_sequence_stream_infer_client: two sequences over one stream."""
    for model, dyna in (("simple_sequence", False), ("simple_dyna_sequence", True)):
        got = queue.Queue()
        c.start_stream(callback=lambda result, error: got.put((result, error)))
        for s in (5001, 5002):
            for i, value in enumerate(VALUES):
                c.async_stream_infer(model, [value_tensor(grpc, value)], request_id=f"{s}_{i}", **position(s, i))
        answers = {}
        for _ in range(2 * len(VALUES)):
            result, error = got.get(timeout=60)
            check(f"{model}: no error", error, None)
            answers[result.get_response().id] = int(result.as_numpy("OUTPUT")[0][0])
        c.stop_stream()
        for s in (5001, 5002):
            check(f"{model} {s} in a stream", [answers[f"{s}_{i}"] for i in range(len(VALUES))], expected(s, dyna))


def health_metadata(m, c, what):
    """simple_http_health_metadata, simple_grpc_health_metadata."""
    check(f"{what}: live, ready", (c.is_server_live(), c.is_server_ready(), c.is_model_ready("simple")), (True, True, True))
    meta = c.get_model_metadata("simple", headers={"test": "1"})
    meta = meta if m is http else {"name": meta.name, "platform": meta.platform, "inputs": [{"name": i.name, "datatype": i.datatype, "shape": list(i.shape)} for i in meta.inputs]}
    check(f"{what}: metadata", (meta["name"], meta["platform"]), ("simple", "onnxruntime_onnx"))
    check(f"{what}: inputs", meta["inputs"], [{"name": f"INPUT{i}", "datatype": "INT32", "shape": [-1, 16]} for i in range(2)])
    config = c.get_model_config("simple")
    check(f"{what}: config", (config["name"], config["max_batch_size"]) if m is http else (config.config.name, config.config.max_batch_size), ("simple", 8))
    refused(f"{what}: a model that is not there", "wrong_model_name", lambda: c.get_model_metadata("wrong_model_name"))


def model_control(m, c, what):
    """simple_http_model_control, simple_grpc_model_control."""
    index = c.get_model_repository_index()
    names = {i["name"] for i in index} if m is http else {i.name for i in index.models}
    check(f"{what}: index", names, {"simple", "simple_string", "simple_sequence", "simple_dyna_sequence"})
    c.unload_model("simple")
    check(f"{what}: unloaded", c.is_model_ready("simple"), False)
    c.load_model("simple")
    check(f"{what}: loaded", c.is_model_ready("simple"))
    refused(f"{what}: a model that is not there", "wrong_model_name", lambda: c.load_model("wrong_model_name"))


def reuse_and_growth(m, c, what):
    """reuse_infer_objects_client, memory_growth_test, and several threads at a time."""
    inputs, wanted = tensors(m), [m.InferRequestedOutput("OUTPUT0"), m.InferRequestedOutput("OUTPUT1")]
    for i in range(200):
        a = A + i
        inputs[0].set_data_from_numpy(a)
        result = c.infer("simple", inputs, outputs=wanted)
    sums(result, what, a)
    if m is grpc:
        failures = []

        def ask():
            try:
                sums(c.infer("simple", tensors(m)), what)
            except BaseException as e:
                failures.append(e)

        threads = [threading.Thread(target=ask) for _ in range(16)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        check(f"{what}: threads", failures, [])


def channels():
    """simple_grpc_keepalive_client, simple_grpc_custom_args_client."""
    keep = grpc.KeepAliveOptions(keepalive_time_ms=60_000, keepalive_timeout_ms=20_000, keepalive_permit_without_calls=False, http2_max_pings_without_data=2)
    with grpc.InferenceServerClient(AT, keepalive_options=keep) as c:
        sums(c.infer("simple", tensors(grpc)), "keepalive")
    with grpc.InferenceServerClient(AT, channel_args=[("grpc.primary_user_agent", "own")]) as c:
        sums(c.infer("simple", tensors(grpc), client_timeout=60, compression_algorithm="gzip"), "arguments of the channel")


def shared_memory(m, c, what):
    """simple_http_shm_client and its like: not offered, and said so."""
    refused(what, "shared memory is not offered", lambda: c.register_system_shared_memory("input_data", "/input_simple", 64))
    refused(what, "shared memory is not offered", c.get_cuda_shared_memory_status)


def main():
    with http.InferenceServerClient(WEB, concurrency=4, network_timeout=120, connection_timeout=120) as web, grpc.InferenceServerClient(AT) as rpc:
        for m, c, what in ((http, web, "HTTP"), (grpc, rpc, "gRPC")):
            for part in (simple_infer, simple_string_infer, health_metadata, model_control, reuse_and_growth, shared_memory):
                part(m, c, what)
            sequence_sync(m, c, 1001 if m is http else 2001, what)
        http_infer_without_bytes(web)
        async_infer(web, rpc)
        sequence_stream(rpc)
    channels()
    asyncio.run(aio())
    print(f"what Triton's client examples show: {passed} checks passed")


main()

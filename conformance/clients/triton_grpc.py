"""Triton's client over gRPC against a server of examples/quickstart: every call
that it has and that the server offers, synchronous, asynchronous and streaming.
What is not offered has to say so with UNIMPLEMENTED.

    python triton_grpc.py 127.0.0.1:8081
"""

import asyncio
import queue
import sys

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.utils import InferenceServerException

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)
LABELS = [0, 2]
passed = 0


def check(what, got, want=True):
    global passed
    if isinstance(got, np.ndarray):
        got = got.tolist()
    if got != want:
        sys.exit(f"triton: {what}: got {got!r}, want {want!r}")
    passed += 1


def refused(what, code, part, call):
    try:
        call()
    except InferenceServerException as e:
        check(f"{what}: code", e.status(), f"StatusCode.{code}")
        check(f"{what}: text {e.message()!r}", part in e.message())
        return
    sys.exit(f"triton: {what}: was not refused")


def tensor(module, rows=ROWS, name="measurements"):
    t = module.InferInput(name, rows.shape, "FP32")
    t.set_data_from_numpy(rows)
    return t


def about(c):
    check("live", c.is_server_live())
    check("ready", c.is_server_ready())
    check("model ready", c.is_model_ready("iris"))
    check("model version ready", c.is_model_ready("wine", "2"))
    check("an unknown model is not ready", c.is_model_ready("nobody"), False)
    check("server metadata", c.get_server_metadata().name, "leat")
    check("metadata as JSON", c.get_server_metadata(as_json=True)["name"], "leat")
    m = c.get_model_metadata("iris")
    check("model metadata", (m.name, list(m.versions), m.inputs[0].name, list(m.inputs[0].shape)), ("iris", ["1"], "measurements", [-1, 4]))
    config = c.get_model_config("iris").config
    check("model config", (config.name, config.input[0].name, config.input[0].data_type), ("iris", "measurements", 11))
    refused("metadata of an unknown model", "NOT_FOUND", "nobody", lambda: c.get_model_metadata("nobody"))
    refused("an unknown version", "NOT_FOUND", "wine:9", lambda: c.get_model_metadata("wine", "9"))


def infer(c):
    r = c.infer("iris", [tensor(triton)], request_id="7")
    check("labels", r.as_numpy("label"), LABELS)
    check("probabilities", r.as_numpy("probabilities").shape, (2, 3))
    check("id and model", (r.get_response().id, r.get_response().model_name, r.get_response().model_version), ("7", "iris", "1"))
    outputs = [triton.InferRequestedOutput("probabilities")]
    r = c.infer("iris", [tensor(triton)], outputs=outputs)
    check("one output", [o.name for o in r.get_response().outputs], ["probabilities"])
    for algorithm in ("gzip", "deflate"):
        check(algorithm, c.infer("iris", [tensor(triton)], compression_algorithm=algorithm).as_numpy("label"), LABELS)
    r = c.infer("iris", [tensor(triton)], parameters={"s": "x", "i": 1, "b": True}, headers={"x-own": "1"}, client_timeout=30)
    check("parameters and a deadline", r.as_numpy("label"), LABELS)
    large = np.tile(ROWS, (400_000, 1))  # 12.8 MB
    check("a large tensor", c.infer("iris", [tensor(triton, large)]).as_numpy("label").size, len(large))
    refused("an unknown model", "NOT_FOUND", "nobody", lambda: c.infer("nobody", [tensor(triton)]))
    refused("a wrong shape", "INVALID_ARGUMENT", "shape", lambda: c.infer("iris", [tensor(triton, ROWS[:, :3].copy())]))
    refused("an unknown output", "INVALID_ARGUMENT", "nothing", lambda: c.infer("iris", [tensor(triton)], outputs=[triton.InferRequestedOutput("nothing")]))


def callbacks(c):
    got = queue.Queue()
    for i in range(20):
        c.async_infer("iris", [tensor(triton)], lambda result, error: got.put((result, error)), request_id=str(i))
    ids = set()
    for _ in range(20):
        result, error = got.get(timeout=30)
        check("no error", error, None)
        ids.add(result.get_response().id)
    check("all answers of async_infer", ids, {str(i) for i in range(20)})


def stream(c):
    got = queue.Queue()
    c.start_stream(callback=lambda result, error: got.put((result, error)))
    for i, model in enumerate(["iris", "nobody", "iris"]):
        c.async_stream_infer(model, [tensor(triton)], request_id=str(i), enable_empty_final_response=i == 2)
    result, error = got.get(timeout=30)
    check("first of the stream", (error, result.get_response().id), (None, "0"))
    result, error = got.get(timeout=30)
    check("an error in the stream", "nobody" in str(error))
    result, error = got.get(timeout=30)
    check("the stream goes on", (error, result.get_response().id), (None, "2"))
    check("the final answer", result.get_response().parameters["triton_final_response"].bool_param)
    c.stop_stream()
    c.start_stream(callback=lambda result, error: got.put((result, error)), headers={"triton_grpc_error": "true"})
    c.async_stream_infer("nobody", [tensor(triton)])
    _, error = got.get(timeout=30)
    check("an error as a status", "nobody" in str(error))
    c.stop_stream(cancel_requests=True)


def repository(c):
    index = {m.name: m.state for m in c.get_model_repository_index().models}
    check("index", index["iris"], "READY")
    c.unload_model("iris")
    check("unloaded", c.is_model_ready("iris"), False)
    refused("an unloaded model", "UNAVAILABLE", "unloaded", lambda: c.infer("iris", [tensor(triton)]))
    c.load_model("iris")
    check("loaded", c.infer("iris", [tensor(triton)]).as_numpy("label"), LABELS)
    refused("load of an unknown model", "NOT_FOUND", "nobody", lambda: c.load_model("nobody"))
    refused("a config that is none", "INVALID_ARGUMENT", "config", lambda: c.load_model("iris", config="{"))
    stats = c.get_inference_statistics("iris").model_stats[0]
    check("statistics", (stats.inference_stats.success.count, stats.inference_stats.success.ns > 0), (1, True))


def not_offered(c):
    refused("shared memory", "UNIMPLEMENTED", "shared memory is not offered", lambda: c.register_system_shared_memory("r", "/r", 64))
    refused("status of shared memory", "UNIMPLEMENTED", "shared memory is not offered", c.get_system_shared_memory_status)
    refused("CUDA's shared memory", "UNIMPLEMENTED", "shared memory is not offered", c.get_cuda_shared_memory_status)
    refused("traces that nobody collects", "UNIMPLEMENTED", "--traces", lambda: c.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]}))


def settings(c):
    log = c.get_log_settings().settings
    check("log settings", (log["log_info"].bool_param, log["log_verbose_level"].uint32_param, log["log_format"].string_param), (True, 0, "default"))
    check("a changed log setting", c.update_log_settings({"log_verbose_level": 1}).settings["log_verbose_level"].uint32_param, 1)
    check("changed back", c.update_log_settings({"log_verbose_level": 0}, as_json=True)["settings"]["log_verbose_level"].get("uint32_param", 0), 0)
    refused("a log file", "INVALID_ARGUMENT", "log_file", lambda: c.update_log_settings({"log_file": "x"}))
    check("trace settings", list(c.get_trace_settings().settings["trace_level"].value), ["OFF"])
    check("a changed trace setting", list(c.update_trace_settings(settings={"trace_rate": "100"}).settings["trace_rate"].value), ["100"])
    check("one that is cleared", list(c.update_trace_settings(settings={"trace_rate": None}).settings["trace_rate"].value), ["1"])
    refused("a trace file", "INVALID_ARGUMENT", "trace_file", lambda: c.update_trace_settings(settings={"trace_file": "x"}))


def again(at, c):
    """The examples reuse_infer_objects, keepalive, custom_args and sequence_stream."""
    one = tensor(triton)
    for rows in (ROWS, ROWS[:1], ROWS):
        one.set_shape(rows.shape)
        one.set_data_from_numpy(rows)
        check("the same input object", c.infer("iris", [one]).as_numpy("label").tolist(), LABELS[: len(rows)])
    keep = triton.KeepAliveOptions(keepalive_time_ms=60_000, keepalive_timeout_ms=20_000, keepalive_permit_without_calls=False, http2_max_pings_without_data=2)
    with triton.InferenceServerClient(at, keepalive_options=keep) as k:
        check("keepalive", k.infer("iris", [tensor(triton)]).as_numpy("label"), LABELS)
    with triton.InferenceServerClient(at, channel_args=[("grpc.primary_user_agent", "own"), ("grpc.max_receive_message_length", -1)]) as k:
        check("arguments of the channel", k.infer("iris", [tensor(triton)]).as_numpy("label"), LABELS)
    got = queue.Queue()
    c.start_stream(callback=lambda result, error: got.put((result, error)))
    for sequence in (7, "own"):
        for i in range(3):
            c.async_stream_infer("iris", [tensor(triton)], request_id=f"{sequence} {i}", sequence_id=sequence, sequence_start=i == 0, sequence_end=i == 2)
    for sequence in (7, "own"):
        for i in range(3):
            result, error = got.get(timeout=30)
            check("a sequence in a stream", (error, result.get_response().id), (None, f"{sequence} {i}"))
    c.stop_stream()
    call = c.async_infer("iris", [tensor(triton)], lambda result, error: got.put((result, error)))
    call.cancel()
    result, error = got.get(timeout=30)
    check("canceled, or done before", error is None or "CANCELLED" in str(error) or "Locally cancelled" in str(error))


async def aio(at):
    async with triton_aio.InferenceServerClient(at) as c:
        check("aio: ready", await c.is_server_ready())
        results = await asyncio.gather(*(c.infer("iris", [tensor(triton_aio)], request_id=str(i)) for i in range(10)))
        check("aio: ids", [r.get_response().id for r in results], [str(i) for i in range(10)])

        async def requests():
            for i in range(3):
                yield {"model_name": "iris", "inputs": [tensor(triton_aio)], "request_id": str(i)}

        got = [r.get_response().id async for r, error in c.stream_infer(requests()) if error is None]
        check("aio: stream", got, ["0", "1", "2"])


def main():
    at = sys.argv[1]
    with triton.InferenceServerClient(at) as c:
        for part in (about, infer, callbacks, stream, repository, settings, not_offered):
            part(c)
        again(at, c)
    asyncio.run(aio(at))
    print(f"tritonclient over gRPC: {passed} checks passed")


main()

"""Triton's client over HTTP against a server of examples/quickstart: tensors as
bytes and as JSON, both ways, compressed or not, and every call that it has and
that the server offers. What is not offered has to say so.

    python triton_http.py 127.0.0.1:8080
"""

import asyncio
import sys

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)
LABELS = [0, 2]
passed = 0


def check(what, got, want=True):
    global passed
    if isinstance(got, np.ndarray):
        got = got.tolist()
    if got != want:
        sys.exit(f"triton over HTTP: {what}: got {got!r}, want {want!r}")
    passed += 1


def refused(what, status, part, call):
    try:
        call()
    except InferenceServerException as e:
        check(f"{what}: status", str(e.status()), str(status))
        check(f"{what}: text {e.message()!r}", part in e.message())
        return
    sys.exit(f"triton over HTTP: {what}: was not refused")


def tensor(module, rows=ROWS, binary=True):
    t = module.InferInput("measurements", rows.shape, "FP32")
    t.set_data_from_numpy(rows, binary_data=binary)
    return t


def wanted(module, binary, classes=0):
    return [module.InferRequestedOutput("probabilities", binary_data=binary, class_count=classes), module.InferRequestedOutput("label", binary_data=binary)]


def about(c):
    check("live", c.is_server_live())
    check("ready", c.is_server_ready())
    check("model ready", c.is_model_ready("iris"))
    check("model version ready", c.is_model_ready("wine", "2"))
    check("an unknown model is not ready", c.is_model_ready("nobody"), False)
    meta = c.get_server_metadata()
    check("server metadata", (meta["name"], "binary_tensor_data" in meta["extensions"]), ("leat", True))
    m = c.get_model_metadata("iris")
    check("model metadata", (m["name"], m["versions"], m["inputs"][0]["name"], m["inputs"][0]["shape"]), ("iris", ["1"], "measurements", [-1, 4]))
    config = c.get_model_config("iris")
    check("model config", (config["name"], config["input"][0]["name"], config["input"][0]["data_type"]), ("iris", "measurements", "TYPE_FP32"))
    refused("metadata of an unknown model", 404, "nobody", lambda: c.get_model_metadata("nobody"))
    refused("an unknown version", 404, "wine:9", lambda: c.get_model_metadata("wine", "9"))


def infer(c):
    whole = c.infer("iris", [tensor(triton)], request_id="7")
    check("labels", whole.as_numpy("label"), LABELS)
    probabilities = whole.as_numpy("probabilities").tolist()
    r = whole.get_response()
    check("id and model", (r["id"], r["model_name"], r["model_version"]), ("7", "iris", "1"))
    check("as bytes", all("binary_data_size" in o["parameters"] and "data" not in o for o in r["outputs"]))
    for sent in (True, False):
        for answered in (True, False):
            r = c.infer("iris", [tensor(triton, binary=sent)], outputs=wanted(triton, answered))
            check(f"bytes sent: {sent}, answered: {answered}", r.as_numpy("probabilities").tolist(), probabilities)
            check("order of the outputs", [o["name"] for o in r.get_response()["outputs"]], ["probabilities", "label"])
    large = np.tile(ROWS, (400_000, 1))  # 12.8 MB
    for sent in (None, "gzip", "deflate"):
        for answered in (None, "gzip", "deflate"):
            r = c.infer("iris", [tensor(triton, large)], request_compression_algorithm=sent, response_compression_algorithm=answered)
            check(f"a large tensor, {sent}, {answered}", r.as_numpy("label").tolist() == LABELS * 400_000)
    r = c.infer("iris", [tensor(triton)], parameters={"s": "x", "i": 1, "b": True}, headers={"x-own": "1"}, query_params={"a": "b"}, timeout=10_000_000, priority=1)
    check("parameters", r.as_numpy("label"), LABELS)
    r = c.infer("iris", [tensor(triton)], sequence_id=5, sequence_start=True, sequence_end=True)
    check("a sequence", r.as_numpy("label"), LABELS)
    for answered in (True, False):
        top = c.infer("iris", [tensor(triton)], outputs=wanted(triton, answered, classes=2)).as_numpy("probabilities")
        check("classes", [[int((v.decode() if isinstance(v, bytes) else v).split(":")[1]) for v in row] for row in top][0][0], 0)
        check("number of classes", top.shape, (2, 2))
    empty = c.infer("iris", [tensor(triton, ROWS[:0])])
    check("no rows", empty.as_numpy("probabilities").size, 0)


def refusals(c):
    refused("an unknown model", 404, "nobody", lambda: c.infer("nobody", [tensor(triton)]))
    refused("a wrong shape", 400, "shape", lambda: c.infer("iris", [tensor(triton, ROWS[:, :3].copy())]))
    refused("an unknown output", 400, "nothing", lambda: c.infer("iris", [tensor(triton)], outputs=[triton.InferRequestedOutput("nothing")]))
    short = tensor(triton)
    short._raw_data = short._raw_data[:-4]
    refused("bytes that are missing", 400, "left", lambda: c.infer("iris", [short]))
    refused("a reserved parameter", 400, "reserved", lambda: reserved(c))


def reserved(c):
    body, size = triton.InferenceServerClient.generate_request_body([tensor(triton)], outputs=wanted(triton, True))
    body = body[:size].replace(b'{"', b'{"parameters":{"triton_x":1},"', 1) + body[size:]
    r = c._post("v2/models/iris/infer", body, {"Inference-Header-Content-Length": size + len('"parameters":{"triton_x":1},')}, None)
    if r.status_code != 200:
        raise InferenceServerException(r.read().decode(), status=str(r.status_code))


def asynchronous(c):
    requests = [c.async_infer("iris", [tensor(triton)], request_id=str(i)) for i in range(20)]
    check("all answers of async_infer", [r.get_result(timeout=30).get_response()["id"] for r in requests], [str(i) for i in range(20)])


def offline(c):
    body, size = triton.InferenceServerClient.generate_request_body([tensor(triton)], outputs=wanted(triton, True))
    answer = c._post("v2/models/iris/infer", body, {"Inference-Header-Content-Length": size}, None)
    got = triton.InferenceServerClient.parse_response_body(answer.read(), header_length=int(answer.get("Inference-Header-Content-Length")))
    check("a body made and read elsewhere", got.as_numpy("label"), LABELS)


def repository(c):
    index = {m["name"]: m["state"] for m in c.get_model_repository_index()}
    check("index", index["iris"], "READY")
    c.unload_model("iris")
    check("unloaded", c.is_model_ready("iris"), False)
    refused("an unloaded model", 503, "unloaded", lambda: c.infer("iris", [tensor(triton)]))
    c.load_model("iris")
    check("loaded", c.infer("iris", [tensor(triton)]).as_numpy("label"), LABELS)
    refused("load of an unknown model", 404, "nobody", lambda: c.load_model("nobody"))
    refused("load with files alone", 400, "config", lambda: c.load_model("iris", files={"file:1/model.json": b"{}"}))
    stats = c.get_inference_statistics("iris")["model_stats"][0]
    check("statistics", (stats["inference_count"], stats["execution_count"], stats["inference_stats"]["success"]["ns"] > 0), (2, 1, True))
    check("statistics of all", len(c.get_inference_statistics()["model_stats"]) > 1)


def not_offered(c):
    refused("shared memory", 501, "shared memory is not offered", lambda: c.register_system_shared_memory("r", "/r", 64))
    refused("status of shared memory", 501, "shared memory is not offered", c.get_system_shared_memory_status)
    refused("CUDA's shared memory", 501, "shared memory is not offered", c.get_cuda_shared_memory_status)
    refused("traces that nobody collects", 501, "--traces", lambda: c.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]}))


def settings(c):
    check("log settings", {k: c.get_log_settings()[k] for k in ("log_info", "log_verbose_level", "log_format")}, {"log_info": True, "log_verbose_level": 0, "log_format": "default"})
    check("a changed log setting", c.update_log_settings({"log_verbose_level": 1})["log_verbose_level"], 1)
    check("changed back", c.update_log_settings({"log_verbose_level": 0})["log_verbose_level"], 0)
    refused("a log file", 400, "log_file", lambda: c.update_log_settings({"log_file": "x"}))
    check("trace settings", c.get_trace_settings()["trace_level"], ["OFF"])
    check("a changed trace setting", c.update_trace_settings(settings={"trace_rate": "100"})["trace_rate"], "100")
    check("one that is cleared", c.update_trace_settings(settings={"trace_rate": None})["trace_rate"], "1")
    refused("a trace file", 400, "trace_file", lambda: c.update_trace_settings(settings={"trace_file": "x"}))


def again(c):
    """The example reuse_infer_objects."""
    one = tensor(triton)
    for rows in (ROWS, ROWS[:1], ROWS):
        one.set_shape(rows.shape)
        one.set_data_from_numpy(rows)
        check("the same input object", c.infer("iris", [one]).as_numpy("label").tolist(), LABELS[: len(rows)])


async def aio(at):
    async with triton_aio.InferenceServerClient(at) as c:
        check("aio: ready", await c.is_server_ready())
        results = await asyncio.gather(*(c.infer("iris", [tensor(triton_aio)], request_id=str(i)) for i in range(10)))
        check("aio: ids", [r.get_response()["id"] for r in results], [str(i) for i in range(10)])
        check("aio: labels", results[0].as_numpy("label"), LABELS)


def main():
    at = sys.argv[1]
    with triton.InferenceServerClient(at, concurrency=4, network_timeout=120, connection_timeout=120) as c:
        for part in (about, infer, refusals, asynchronous, offline, repository, settings, again, not_offered):
            part(c)
    asyncio.run(aio(at))
    print(f"tritonclient over HTTP: {passed} checks passed")


main()

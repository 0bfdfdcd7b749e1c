"""What examples show over HTTP and over gRPC alike, with the clients that wait and, made to
wait, with those of asyncio."""

import itertools

import numpy as np

from checks import A, B, VALUES, check, expected, over_http, position, refused, sums, tensors, value_tensor

sequences = itertools.count(1001, 2)


def infer(m, c):
    wanted = [m.InferRequestedOutput(f"OUTPUT{i}") for i in range(2)]
    sums(c.infer("simple", tensors(m), outputs=wanted, headers={"test": "1"}), "outputs that are named")
    stats = c.get_inference_statistics("simple")
    check("statistics of one model", len(stats["model_stats"] if over_http(m) else stats.model_stats), 1)
    sums(c.infer("simple", tensors(m)), "without outputs")
    one = c.infer("simple", tensors(m), outputs=wanted[:1])
    check("only one output", (one.as_numpy("OUTPUT0").tolist(), one.as_numpy("OUTPUT1")), ((A + B).tolist(), None))
    rows = np.repeat(A, 8, axis=0)
    sums(c.infer("simple", tensors(m, rows, rows)), "a batch", rows, rows)
    refused("too large a batch", "8", lambda: c.infer("simple", tensors(m, np.repeat(A, 9, axis=0), np.repeat(A, 9, axis=0))))
    refused("an input that is missing", "INPUT1", lambda: c.infer("simple", tensors(m)[:1]))
    refused("a shape that is none of the model's", "shape", lambda: c.infer("simple", tensors(m, A[:, :8].copy(), B[:, :8].copy())))


def string_infer(m, c):
    texts = [np.array([[str(v) for v in row] for row in array], dtype=object) for array in (A, B)]
    for how in [{"binary_data": True}, {"binary_data": False}] if over_http(m) else [{}]:
        result = c.infer("simple_string", tensors(m, *texts, datatype="BYTES", **how))
        for output, want in (("OUTPUT0", A + B), ("OUTPUT1", A - B)):
            check(output, [int(v) for v in result.as_numpy(output).reshape(-1)], want.reshape(-1).tolist())


def sequence_sync(m, c):
    """Two sequences whose requests alternate, with numbers and texts as their ids."""
    first = next(sequences)

    def ask(model, sequence, i):
        return int(c.infer(model, [value_tensor(m, VALUES[i])], **position(sequence, i)).as_numpy("OUTPUT")[0][0])

    for model, dyna in (("simple_sequence", False), ("simple_dyna_sequence", True)):
        got = {s: [] for s in (first, first + 1)}
        for i in range(len(VALUES)):
            for s in got:
                got[s].append(ask(model, s, i))
        for s in got:
            check(f"{model} {s}", got[s], expected(s, dyna))
    check("a text as id", [ask("simple_sequence", f"text {first}", i) for i in range(len(VALUES))], expected(0, False))
    refused("no sequence", "sequence", lambda: c.infer("simple_sequence", [value_tensor(m, 1)]))


def health_metadata(m, c):
    check("live, ready", (c.is_server_live(), c.is_server_ready(), c.is_model_ready("simple")), (True, True, True))
    server = c.get_server_metadata()
    check("server", (server["name"] if over_http(m) else server.name), "leat")
    meta = c.get_model_metadata("simple", headers={"test": "1"})
    if not over_http(m):
        meta = {"name": meta.name, "platform": meta.platform, "inputs": [{"name": i.name, "datatype": i.datatype, "shape": list(i.shape)} for i in meta.inputs]}
    check("metadata", (meta["name"], meta["platform"]), ("simple", "onnxruntime_onnx"))
    check("inputs", meta["inputs"], [{"name": f"INPUT{i}", "datatype": "INT32", "shape": [-1, 16]} for i in range(2)])
    check("config", config(m, c), ("simple", 8))
    refused("a model that is not there", "wrong_model_name", lambda: c.get_model_metadata("wrong_model_name"))


def config(m, c):
    got = c.get_model_config("simple")
    return (got["name"], got["max_batch_size"]) if over_http(m) else (got.config.name, got.config.max_batch_size)


def model_control(m, c):
    index = c.get_model_repository_index()
    names = {i["name"] for i in index} if over_http(m) else {i.name for i in index.models}
    check("index", names, {"simple", "simple_string", "simple_sequence", "simple_dyna_sequence"})
    refused("a config that is none", "failed to load", lambda: c.load_model("simple", config='"parameters": {"config": {{"max_batch_size": "16"}}}'))
    c.load_model("simple", config='{"max_batch_size": "16"}')
    check("loaded with another config", config(m, c), ("simple", 16))
    c.unload_model("simple")
    check("unloaded", c.is_model_ready("simple"), False)
    refused("too long a name of a file", "A" * 64, lambda: c.load_model("simple", config="{}", files={"file:" + "A" * 256: b"a"}))
    check("live", c.is_server_live())
    c.load_model("simple")
    check("loaded", c.is_model_ready("simple"))
    check("with its own config", config(m, c), ("simple", 8))
    refused("a model that is not there", "failed to load", lambda: c.load_model("wrong_model_name"))


def reuse(m, c):
    inputs, wanted = tensors(m), [m.InferRequestedOutput("OUTPUT0"), m.InferRequestedOutput("OUTPUT1")]
    for i in range(200):
        a = A + i
        inputs[0].set_data_from_numpy(a)
        result = c.infer("simple", inputs, outputs=wanted)
    sums(result, "the last of many", a)


def shared_memory(m, c):
    """Not offered, and said so: where regions are registered and where tensors are in them."""
    why = "shared memory is not offered"
    refused("unregister", why, c.unregister_system_shared_memory)
    refused("register", why, lambda: c.register_system_shared_memory("input_data", "/input_simple", 64))
    refused("status", why, c.get_system_shared_memory_status)
    inputs, output = tensors(m), m.InferRequestedOutput("OUTPUT0")
    output.set_shared_memory("output_data", 64)
    refused("an output", 'output "OUTPUT0"', lambda: c.infer("simple", inputs, outputs=[output]))
    refused("an output", why, lambda: c.infer("simple", inputs, outputs=[output]))
    inputs[0].set_shared_memory("input_data", 64)
    refused("an input", why, lambda: c.infer("simple", inputs))


def cuda_shared_memory(m, c):
    why = "shared memory is not offered"
    refused("unregister", why, c.unregister_cuda_shared_memory)
    refused("register", why, lambda: c.register_cuda_shared_memory("input_data", b"aGFuZGxl", 0, 64))
    refused("status", why, c.get_cuda_shared_memory_status)

"""KServe's InferenceGRPCClient against a server of examples/quickstart and, for every
datatype, one whose model echo answers with its inputs.

    python kserve_grpc.py 127.0.0.1:8081 127.0.0.1:8091
"""

import asyncio
import sys

import grpc
import numpy as np
from kserve import InferInput, InferRequest, InferenceGRPCClient

passed = 0


def check(what, got, want=True):
    global passed
    if got != want:
        sys.exit(f"kserve: {what}: got {got!r}, want {want!r}")
    passed += 1


def request(model, raw):
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)
    t = InferInput("measurements", list(rows.shape), "FP32")
    t.set_data_from_numpy(rows, binary_data=raw)
    return InferRequest(model, [t], request_id="7")


async def datatypes(c):
    kinds = {"BOOL": "bool", "FP16": "float16", "FP32": "float32", "FP64": "float64"}
    kinds |= {f"{sign}INT{n}": f"{sign.lower()}int{n}" for sign in ("", "U") for n in (8, 16, 32, 64)}
    arrays = {datatype: np.array([[0, 1], [1, 3]]).astype(kind) for datatype, kind in kinds.items()}
    arrays["BYTES"] = np.array([["a", ""], ["wörld", "\u0000b"]], dtype=object)
    for datatype, array in arrays.items():
        for raw in (True, False):
            if not raw and datatype in ("FP16", "BYTES"):
                continue  # the client has no way to send them
            t = InferInput("x", list(array.shape), datatype)
            t.set_data_from_numpy(array, binary_data=raw)
            out = (await c.infer(InferRequest("echo", [t]))).outputs[0]
            got = [v.decode() if isinstance(v, bytes) else v for v in out.as_numpy().reshape(-1).tolist()]
            check(f"{datatype}, raw {raw}", (out.datatype, list(out.shape), got), (datatype, list(array.shape), array.reshape(-1).tolist()))
    await c.close()


async def main():
    c = InferenceGRPCClient(sys.argv[1], retries=0)
    check("live", await c.is_server_live())
    check("ready", await c.is_server_ready())
    check("model ready", await c.is_model_ready("iris"))
    check("an unknown model is not ready", await c.is_model_ready("nobody"), False)
    for raw in (True, False):
        r = await c.infer(request("iris", raw))
        check(f"labels, raw {raw}", (r.id, r.model_name, r.outputs[0].as_numpy().tolist()), ("7", "iris", [0, 2]))
        check(f"probabilities, raw {raw}", r.outputs[1].as_numpy().shape, (2, 3))
    try:
        await c.infer(request("nobody", True))
        sys.exit("kserve: an unknown model answers")
    except grpc.RpcError as e:
        check("an unknown model", e.code(), grpc.StatusCode.NOT_FOUND)
    await c.close()
    await datatypes(InferenceGRPCClient(sys.argv[2], retries=0))
    print(f"KServe's InferenceGRPCClient: {passed} checks passed")


asyncio.run(main())

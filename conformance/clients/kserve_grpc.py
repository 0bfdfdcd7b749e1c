"""KServe's InferenceGRPCClient against a server of examples/quickstart.

    python kserve_grpc.py 127.0.0.1:8081
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
    print(f"KServe's InferenceGRPCClient: {passed} checks passed")


asyncio.run(main())

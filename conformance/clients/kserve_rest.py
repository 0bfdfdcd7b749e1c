"""KServe's InferenceRESTClient, by both protocols that it speaks, against a server of
examples/quickstart and, for every datatype, one whose model echo answers with its inputs.

    python kserve_rest.py http://127.0.0.1:8080 http://127.0.0.1:8090
"""

import asyncio
import sys

import httpx
import numpy as np
from kserve import InferInput, InferRequest, InferenceRESTClient, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

WEB, ECHO = sys.argv[1:3]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
passed = 0


def check(what, got, want=True):
    global passed
    if got != want:
        sys.exit(f"kserve over REST: {what}: got {got!r}, want {want!r}")
    passed += 1


async def refused(what, status, part, call):
    try:
        await call
    except httpx.HTTPStatusError as e:
        return check(f"{what}: {e}", (e.response.status_code, part in str(e)), (status, True))
    sys.exit(f"kserve over REST: {what}: was not refused")


def tensor(name, array, datatype, binary):
    t = InferInput(name, list(array.shape), datatype)
    t.set_data_from_numpy(array, binary_data=binary)
    return t


def request(model, binary, **more):
    return InferRequest(model, [tensor("measurements", np.array(ROWS, dtype=np.float32), "FP32", binary)], request_id="7", **more)


async def v2():
    async with InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) as c:
        check("live", await c.is_server_live(WEB))
        check("ready", await c.is_server_ready(WEB))
        check("model ready", await c.is_model_ready(WEB, "iris"))
        check("an unknown model is not ready", await c.is_model_ready(WEB, "nobody"), False)
        for binary in (True, False):
            headers = {}
            r = await c.infer(WEB, request("iris", binary), model_name="iris", headers={"x-own": "1"}, response_headers=headers)
            check(f"labels, binary {binary}", (r.id, r.model_name, r.outputs[0].as_numpy().tolist()), ("7", "iris", [0, 2]))
            check(f"probabilities, binary {binary}", r.outputs[1].as_numpy().shape, (2, 3))
            check(f"header, binary {binary}", bool(headers["content-type"]))
        for answered in (True, False):
            wanted = [RequestedOutput("label", parameters={"binary_data": answered})]
            r = await c.infer(WEB, request("iris", True, request_outputs=wanted), model_name="iris")
            check(f"one output, binary {answered}", [(o.name, o.as_numpy().tolist()) for o in r.outputs], [("label", [0, 2])])
        r = await c.infer(WEB, {"inputs": [{"name": "measurements", "shape": [2, 4], "datatype": "FP32", "data": ROWS}]}, model_name="iris")
        check("a document", r.outputs[0].as_numpy().tolist(), [0, 2])
        graph = await c.infer(f"{WEB}/v2/models/iris/infer", {"inputs": ROWS}, is_graph_endpoint=True)
        check("a graph's address", graph["outputs"], [0, 2])
        await refused("an unknown model", 404, "nobody", c.infer(WEB, request("nobody", True), model_name="nobody"))
        await refused("no data", 400, "inputs", c.infer(WEB, {}, model_name="iris"))
        await datatypes(c)


async def datatypes(c):
    kinds = {"BOOL": "bool", "FP16": "float16", "FP32": "float32", "FP64": "float64"}
    kinds |= {f"{sign}INT{n}": f"{sign.lower()}int{n}" for sign in ("", "U") for n in (8, 16, 32, 64)}
    arrays = {datatype: np.array([[0, 1], [1, 3]]).astype(kind) for datatype, kind in kinds.items()}
    arrays["INT64"] = np.array([2**53 + 1, -(2**63)])
    arrays["BYTES"] = np.array([["a", ""], ["wörld", "\u0000b"]], dtype=object)
    for datatype, array in arrays.items():
        for binary in (True, False):
            if datatype == "FP16" and not binary:
                continue  # the client refuses it itself
            answered = [RequestedOutput("x", parameters={"binary_data": binary})]
            asked = InferRequest("echo", [tensor("x", array, datatype, binary)], request_outputs=answered)
            out = (await c.infer(ECHO, asked, model_name="echo")).outputs[0]
            got = [v.decode() if isinstance(v, bytes) else v for v in out.as_numpy().reshape(-1).tolist()]
            check(f"{datatype}, binary {binary}", (out.datatype, list(out.shape), got), (datatype, list(array.shape), array.reshape(-1).tolist()))


async def v1():
    async with InferenceRESTClient(RESTConfig(protocol="v1", retries=0)) as c:
        check("v1: live", await c.is_server_live(WEB))
        check("v1: model ready", await c.is_model_ready(WEB, "iris"))
        await refused("v1: an unknown model", 404, "nobody", c.is_model_ready(WEB, "nobody"))
        r = await c.infer(WEB, {"instances": ROWS}, model_name="iris")
        check("v1: predictions", r["predictions"], [0, 2])
        await refused("v1: no instances", 400, "instances", c.infer(WEB, {}, model_name="iris"))
        await refused("v1: an unknown model's predictions", 404, "nobody", c.infer(WEB, {"instances": ROWS}, model_name="nobody"))
        await explained(c)


async def explained(c):
    try:
        r = await c.explain(WEB, "iris", {"instances": ROWS})
        check("v1: explanations", len(r["explanations"]), 2)
    except httpx.HTTPStatusError as e:
        check("v1: a model that does not explain", (e.response.status_code, "explain" in str(e)), (501, True))


async def main():
    await v2()
    await v1()
    print(f"KServe's InferenceRESTClient: {passed} checks passed")


asyncio.run(main())

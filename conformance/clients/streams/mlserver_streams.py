"""What MLServer's package has for clients, its types, codecs and stubs, against a model
that streams, of a server of server.yaml.

    python mlserver_streams.py 127.0.0.1:8081 127.0.0.1:8080
"""

import http.client
import sys

import grpc
from mlserver.codecs import StringCodec
from mlserver.grpc import converters
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse

TEXT = "so be it"
passed = 0


def check(what, got, want=True):
    global passed
    if got != want:
        sys.exit(f"MLServer's client: {what}: got {got!r}, want {want!r}")
    passed += 1


def request(use_bytes=False):
    return InferenceRequest(id="7", inputs=[StringCodec.encode_input("prompt", [TEXT], use_bytes=use_bytes)])


def words(response):
    return StringCodec.decode_output(response.outputs[0])


def post(web, operation):
    c = http.client.HTTPConnection(web, timeout=30)
    c.request("POST", f"/v2/models/words/{operation}", request().model_dump_json(), {"Content-Type": "application/json"})
    r = c.getresponse()
    return r.status, r.getheader("Content-Type").split(";")[0], r.read()


def over_http(web):
    for operation in ("infer_stream", "generate_stream"):
        status, kind, text = post(web, operation)
        check(f"{operation}: head", (status, kind), (200, "text/event-stream"))
        got = [InferenceResponse.model_validate_json(e.removeprefix(b"data: ")) for e in text.split(b"\n\n")[:-1]]
        check(operation, [(r.id, r.model_name, words(r)) for r in got], [("7", "words", [w]) for w in TEXT.split()])
    for operation in ("infer", "generate"):
        status, kind, text = post(web, operation)
        check(f"{operation}: head", (status, kind), (200, "application/json"))
        check(operation, words(InferenceResponse.model_validate_json(text)), [TEXT])


def over_grpc(at):
    with grpc.insecure_channel(at) as channel:
        stub = GRPCInferenceServiceStub(channel)
        message = converters.ModelInferRequestConverter.from_types(request(use_bytes=True), model_name="words", model_version=None)
        got = stub.ModelStreamInfer(iter([message]), metadata=[("leat-stream", "mlserver")], timeout=30)
        got = [converters.ModelInferResponseConverter.to_types(r) for r in got]
        check("ModelStreamInfer", [(r.id, r.model_name, words(r)) for r in got], [("7", "words", [w]) for w in TEXT.split()])
        one = converters.ModelInferResponseConverter.to_types(stub.ModelInfer(message, timeout=30))
        check("ModelInfer", words(one), [TEXT])


def main():
    at, web = sys.argv[1:]
    over_http(web)
    over_grpc(at)
    print(f"MLServer's client, streams: {passed} checks passed")


main()

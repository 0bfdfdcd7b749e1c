"""What examples show of one of the clients alone."""

import asyncio
import queue
import threading

import grpc as plain_grpc
import numpy as np
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import deserialize_bytes_tensor

from checks import A, B, VALUES, check, expected, position, sums, tensors, value_tensor


def http_forms(c):
    """Both sides in JSON, one of them, and compressed."""
    for sent in (True, False):
        for answered in (True, False):
            wanted = [http.InferRequestedOutput(f"OUTPUT{i}", binary_data=answered) for i in range(2)]
            sums(c.infer("simple", tensors(http, binary_data=sent), outputs=wanted), f"bytes {sent}, {answered}")
    for sent in ("gzip", "deflate"):
        result = c.infer("simple", tensors(http), request_compression_algorithm=sent, response_compression_algorithm=sent)
        sums(result, sent)


def http_async(c):
    for r in [c.async_infer("simple", tensors(http)) for _ in range(16)]:
        sums(r.get_result(timeout=60), "an answer")


def grpc_async(c):
    got = queue.Queue()
    for _ in range(16):
        c.async_infer("simple", tensors(grpc), callback=lambda result, error: got.put((result, error)))
    for _ in range(16):
        result, error = got.get(timeout=60)
        check("no error", error, None)
        sums(result, "an answer")


def sequence_stream(c):
    """Two sequences over one stream."""
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
            check(f"{model} {s}", [answers[f"{s}_{i}"] for i in range(len(VALUES))], expected(s, dyna))


async def aio_sequence_stream(at):
    async with grpc_aio.InferenceServerClient(at) as c:
        for model, dyna, s in (("simple_sequence", False, 3001), ("simple_dyna_sequence", True, 3002)):

            async def requests():
                for i, value in enumerate(VALUES):
                    yield {"model_name": model, "inputs": [value_tensor(grpc_aio, value)], **position(s, i)}

            got = []
            async for result, error in c.stream_infer(requests()):
                check(f"{model}: no error", error, None)
                got.append(int(result.as_numpy("OUTPUT")[0][0]))
            check(model, got, expected(s, dyna))


async def aio_together(m, at):
    async with m.InferenceServerClient(at) as c:
        for result in await asyncio.gather(*(c.infer("simple", tensors(m)) for _ in range(8))):
            sums(result, "several at a time")


KEEPALIVE = {"keepalive_time_ms": 60_000, "keepalive_timeout_ms": 20_000, "keepalive_permit_without_calls": False, "http2_max_pings_without_data": 2}


def keepalive(at):
    with grpc.InferenceServerClient(at, keepalive_options=grpc.KeepAliveOptions(**KEEPALIVE)) as c:
        sums(c.infer("simple", tensors(grpc)), "an answer")


async def aio_keepalive(at):
    async with grpc_aio.InferenceServerClient(at, keepalive_options=grpc_aio.KeepAliveOptions(**KEEPALIVE)) as c:
        sums(await c.infer("simple", tensors(grpc_aio)), "an answer")


ARGUMENTS = [("grpc.primary_user_agent", "own"), ("grpc.lb_policy_name", "pick_first")]


def channel_arguments(at):
    with grpc.InferenceServerClient(at, channel_args=ARGUMENTS) as c:
        sums(c.infer("simple", tensors(grpc), client_timeout=60, compression_algorithm="gzip"), "an answer")


async def aio_channel_arguments(at):
    async with grpc_aio.InferenceServerClient(at, channel_args=ARGUMENTS) as c:
        sums(await c.infer("simple", tensors(grpc_aio), client_timeout=60, compression_algorithm="gzip"), "an answer")


def growth(m, at):
    """A client for each request; then one for several threads, which is gRPC's alone."""
    for _ in range(100):
        with m.InferenceServerClient(at) as c:
            sums(c.infer("simple", tensors(m)), "an answer")
    if m is http:
        return
    failures = []
    with m.InferenceServerClient(at) as c:

        def ask():
            try:
                sums(c.infer("simple", tensors(m)), "an answer in a thread")
            except BaseException as e:
                failures.append(e)

        threads = [threading.Thread(target=ask) for _ in range(16)]
        [t.start() for t in threads]
        [t.join() for t in threads]
    check("threads", failures, [])


def stubs(at):
    """The generated code without the client around it."""
    with plain_grpc.insecure_channel(at) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        check("live", stub.ServerLive(service_pb2.ServerLiveRequest()).live)
        check("ready", stub.ServerReady(service_pb2.ServerReadyRequest()).ready)
        check("model ready", stub.ModelReady(service_pb2.ModelReadyRequest(name="simple", version="")).ready)
        check("server", stub.ServerMetadata(service_pb2.ServerMetadataRequest()).name, "leat")
        check("metadata", stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="simple")).name, "simple")
        check("config", stub.ModelConfig(service_pb2.ModelConfigRequest(name="simple")).config.name, "simple")
        request = explicit("simple", "INT32")
        request.raw_input_contents.extend([A.tobytes(), B.tobytes()])
        answered(stub.ModelInfer(request), lambda raw: np.frombuffer(raw, np.int32))


def explicit(model, datatype, field=None, make=None):
    """A request for both outputs, with elements one by one in a field."""
    request = service_pb2.ModelInferRequest(model_name=model, id="my request id")
    for i, values in enumerate((A, B)):
        t = request.inputs.add(name=f"INPUT{i}", datatype=datatype, shape=[1, 16])
        if field:
            getattr(t.contents, field).extend(make(v) for v in values.reshape(-1))
        request.outputs.add(name=f"OUTPUT{i}")
    return request


def answered(response, read):
    """Triton's examples read the raw contents, whatever they have sent."""
    check("outputs", [(o.name, list(o.shape)) for o in response.outputs], [("OUTPUT0", [1, 16]), ("OUTPUT1", [1, 16])])
    check("raw contents", len(response.raw_output_contents), 2)
    for raw, want in zip(response.raw_output_contents, (A + B, A - B)):
        check("elements", [int(v) for v in read(raw)], want.reshape(-1).tolist())


def explicit_int(at):
    with plain_grpc.insecure_channel(at) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = explicit("simple", "INT32", "int_contents", int)
        answered(stub.ModelInfer(request), lambda raw: np.frombuffer(raw, np.int32))
        request.raw_input_contents.extend([A.tobytes(), B.tobytes()])
        try:
            stub.ModelInfer(request)
            check("contents beside raw contents are refused", False)
        except plain_grpc.RpcError as e:
            check("contents beside raw contents", (e.code(), "INPUT0" in e.details()), (plain_grpc.StatusCode.INVALID_ARGUMENT, True))


def explicit_bytes(at):
    with plain_grpc.insecure_channel(at) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        answered(stub.ModelInfer(explicit("simple_string", "BYTES", "bytes_contents", lambda v: str(v).encode())), deserialize_bytes_tensor)

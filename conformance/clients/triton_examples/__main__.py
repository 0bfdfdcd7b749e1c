"""What the examples of Triton's client show (src/python/examples of
triton-inference-server/client), by programs of our own, against a server of Triton's own
example repository (models simple, simple_string, simple_sequence and simple_dyna_sequence).
EXAMPLES has every example by its name, with what shows the same here, or why nothing does.

    python triton_examples 127.0.0.1:8080 127.0.0.1:8081
"""

import asyncio
import sys

import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio

import checks
import clients
import shown

WEB, AT = sys.argv[1:3]


class Waiting:
    """A client of asyncio whose methods wait for what they return."""

    def __init__(self, m, at):
        async def make():
            return m.InferenceServerClient(at)

        self.loop = asyncio.new_event_loop()
        self.client = self.loop.run_until_complete(make())

    def __getattr__(self, name):
        method = getattr(self.client, name)
        return lambda *args, **kw: self.loop.run_until_complete(method(*args, **kw))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.loop.run_until_complete(self.client.close())
        self.loop.close()


def alike(part):
    """What is shown with all four clients, by each."""

    def by(m, at, make):
        def run():
            with make() as c:
                part(m, c)

        return run

    return {
        "http": by(http, WEB, lambda: http.InferenceServerClient(WEB, concurrency=4, network_timeout=120, connection_timeout=120)),
        "grpc": by(grpc, AT, lambda: grpc.InferenceServerClient(AT)),
        "http_aio": by(http_aio, WEB, lambda: Waiting(http_aio, WEB)),
        "grpc_aio": by(grpc_aio, AT, lambda: Waiting(grpc_aio, AT)),
    }


def one(module, at, part, **options):
    def run():
        with module.InferenceServerClient(at, **options) as c:
            part(c)

    return [run]


def later(part, *args):
    return [lambda: asyncio.run(part(*args))]


def now(part, *args):
    return [lambda: part(*args)]


INFER, STRING, HEALTH, CONTROL = (alike(p) for p in (shown.infer, shown.string_infer, shown.health_metadata, shown.model_control))
SEQUENCE, REUSE, SHM, CUDA = (alike(p) for p in (shown.sequence_sync, shown.reuse, shown.shared_memory, shown.cuda_shared_memory))

EXAMPLES = {
    "ensemble_image_client": "the model preprocess_inception_ensemble is not in the repository",
    "grpc_client": now(clients.stubs, AT),
    "grpc_explicit_byte_content_client": now(clients.explicit_bytes, AT),
    "grpc_explicit_int8_content_client": "the model simple_int8 is not in the repository",
    "grpc_explicit_int_content_client": now(clients.explicit_int, AT),
    "grpc_image_client": "the models of images are not in the repository",
    "image_client": "the models of images are not in the repository",
    "memory_growth_test": now(clients.growth, http, WEB) + now(clients.growth, grpc, AT),
    "reuse_infer_objects_client": [REUSE["http"], REUSE["grpc"]],
    "simple_grpc_aio_cudashm_client": [CUDA["grpc_aio"]],
    "simple_grpc_aio_custom_args_client": later(clients.aio_channel_arguments, AT),
    "simple_grpc_aio_health_metadata": [HEALTH["grpc_aio"]],
    "simple_grpc_aio_infer_client": [INFER["grpc_aio"]] + later(clients.aio_together, grpc_aio, AT),
    "simple_grpc_aio_keepalive_client": later(clients.aio_keepalive, AT),
    "simple_grpc_aio_model_control": [CONTROL["grpc_aio"]],
    "simple_grpc_aio_sequence_stream_infer_client": later(clients.aio_sequence_stream, AT),
    "simple_grpc_aio_sequence_sync_infer_client": [SEQUENCE["grpc_aio"]],
    "simple_grpc_aio_shm_client": [SHM["grpc_aio"]],
    "simple_grpc_aio_shm_string_client": [SHM["grpc_aio"]],
    "simple_grpc_aio_string_infer_client": [STRING["grpc_aio"]],
    "simple_grpc_async_infer_client": one(grpc, AT, clients.grpc_async),
    "simple_grpc_cudashm_client": [CUDA["grpc"]],
    "simple_grpc_custom_args_client": now(clients.channel_arguments, AT),
    "simple_grpc_custom_repeat": "the model repeat_int32 is not in the repository; streams/triton_streams.py has one of its kind",
    "simple_grpc_health_metadata": [HEALTH["grpc"]],
    "simple_grpc_infer_client": [INFER["grpc"]],
    "simple_grpc_keepalive_client": now(clients.keepalive, AT),
    "simple_grpc_model_control": [CONTROL["grpc"]],
    "simple_grpc_sequence_stream_infer_client": one(grpc, AT, clients.sequence_stream),
    "simple_grpc_sequence_sync_infer_client": [SEQUENCE["grpc"]],
    "simple_grpc_shm_client": [SHM["grpc"]],
    "simple_grpc_shm_string_client": [SHM["grpc"]],
    "simple_grpc_string_infer_client": [STRING["grpc"]],
    "simple_http_aio_cudashm_client": [CUDA["http_aio"]],
    "simple_http_aio_health_metadata": [HEALTH["http_aio"]],
    "simple_http_aio_infer_client": [INFER["http_aio"]] + later(clients.aio_together, http_aio, WEB),
    "simple_http_aio_model_control": [CONTROL["http_aio"]],
    "simple_http_aio_sequence_sync_infer_client": [SEQUENCE["http_aio"]],
    "simple_http_aio_shm_client": [SHM["http_aio"]],
    "simple_http_aio_shm_string_client": [SHM["http_aio"]],
    "simple_http_aio_string_infer_client": [STRING["http_aio"]],
    "simple_http_async_infer_client": one(http, WEB, clients.http_async, concurrency=4),
    "simple_http_cudashm_client": [CUDA["http"]],
    "simple_http_health_metadata": [HEALTH["http"]],
    "simple_http_infer_client": [INFER["http"]] + one(http, WEB, clients.http_forms),
    "simple_http_model_control": [CONTROL["http"]],
    "simple_http_sequence_sync_infer_client": [SEQUENCE["http"]],
    "simple_http_shm_client": [SHM["http"]],
    "simple_http_shm_string_client": [SHM["http"]],
    "simple_http_string_infer_client": [STRING["http"]],
    "vllm_client": "the model vllm_opt is not in the repository",
}


def main():
    left = 0
    for name, parts in EXAMPLES.items():
        checks.about = f"Triton's {name}"
        if isinstance(parts, str):
            left += 1
            continue
        before = checks.passed
        for part in parts:
            part()
        if checks.passed == before:
            sys.exit(f"{checks.about}: nothing was checked")
    print(f"Triton's client examples: {len(EXAMPLES) - left} of {len(EXAMPLES)} are shown, {checks.passed} checks passed; {left} need models that are not there")


main()

"""Serves models.py with the real MLRun over HTTP, as cheaply as Python can: mlrunhost.py FOLDER.

The host is no nuclio. It is one process: an asyncio protocol that reads just the
requests that bench/load sends, and hands each to MLRun's own entry for nuclio,
v2_serving_handler. nuclio's processor, the socket between it and Python, and its
encoding of every event and answer come on top of this in a deployment of MLRun.
"""

import asyncio
import json
import logging
import sys

import mlrunspec

mlrunspec.prepare(sys.argv[1])

import models  # noqa: E402
import nuclio_sdk  # noqa: E402
from mlrun.serving import server  # noqa: E402

logging.disable()


def context():
    made = nuclio_sdk.Context(nuclio_sdk.Logger(logging.CRITICAL), nuclio_sdk.Platform("local", "default"))
    made.is_mock = True  # or there must be a monitoring stream
    server.v2_serving_init(made, vars(models))
    return made


class Connection(asyncio.Protocol):
    """One client, whose requests come one after another, with Content-Length."""

    def __init__(self, made):
        self.context, self.rest = made, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.rest += data
        while True:
            head, end, body = self.rest.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {name: value for name, _, value in (line.partition(": ") for line in lines[1:])}
            size = int(headers.get("Content-Length", 0))
            if not end or len(body) < size:
                return
            self.rest = body[size:]
            method, path, _ = lines[0].split(" ", 2)
            self.answer(method, path, headers, body[:size])

    def answer(self, method, path, headers, body):
        event = nuclio_sdk.Event(
            body=body, content_type=headers.get("Content-Type"), method=method, path=path, headers=headers
        )
        response = nuclio_sdk.Response.from_entrypoint_output(
            json.dumps, server.v2_serving_handler(self.context, event)
        )
        text = response["body"]
        text = text.encode() if isinstance(text, str) else text
        status, kind = response["status_code"], response["content_type"]
        self.transport.write(
            b"HTTP/1.1 %d OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (status, kind.encode(), len(text), text)
        )


async def main():
    made = context()
    listening = await asyncio.get_running_loop().create_server(lambda: Connection(made), "127.0.0.1", 0)
    print("http://127.0.0.1:%d" % listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


asyncio.run(main())

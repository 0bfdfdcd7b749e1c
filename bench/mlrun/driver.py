"""Runs specs in the real MLRun, for bench/cmd/bench, and measures it.

Reads a JSON document a line from standard input, and writes one for each:

    {"spec", "path", "body"}  ->  {"answer": what MLRun answers to one event}
    {"n": number}             ->  {"cpu": seconds, "wall": seconds} of n events

An event is bytes, and its answer the text that a host would send: through
server.run, MLRun's own entry, from one thread. The CPU time is that of the whole
process, storey's loop included.
"""

import json
import logging
import os
import sys
import time

os.environ.update(
    MLRUN_DBPATH="nop",  # there is no API to reach
    MLRUN_LOG_LEVEL="ERROR",
    MLRUN_HTTPDB__DEFAULT_PROJECT="default",
)

from mlrun.serving import V2ModelServer  # noqa: E402
from mlrun.serving.server import GraphServer, MockEvent  # noqa: E402

logging.disable()


class Nothing:
    def do(self, event):
        return event


class Echo(V2ModelServer):
    def load(self):
        pass

    def predict(self, request):
        return request["inputs"]


class Number(V2ModelServer):
    def load(self):
        pass

    def predict(self, request):
        return [2.5]


def build(spec):
    server = GraphServer.from_dict(spec)
    server.set_current_function("*")
    classes = {"Nothing": Nothing, "Echo": Echo, "Number": Number}
    server.init_states(context=None, namespace=classes, is_mock=True)
    server.init_object(classes)
    return server


def text(response):
    body = getattr(response, "body", response)
    return body.decode() if isinstance(body, bytes) else body


def main():
    out, sys.stdout = sys.stdout, sys.stderr  # MLRun may print
    server, path, body = None, "", b""

    def ask():
        return text(server.run(MockEvent(body=body, path=path, method="POST")))

    for line in sys.stdin:
        asked = json.loads(line)
        if "spec" in asked:
            server, path, body = build(asked["spec"]), asked["path"], asked["body"].encode()
            told = {"answer": ask()}
        else:
            cpu, wall = time.process_time(), time.perf_counter()
            for _ in range(asked["n"]):
                ask()
            told = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        out.write(json.dumps(told) + "\n")
        out.flush()
    sys.stderr.flush()
    os._exit(0)  # loops of graphs do not end by themselves


if __name__ == "__main__":
    main()

"""A wrapper with nuclio's protocol, for tests: its arguments, and handlers that return the response itself."""

import argparse
import importlib
import json
import socket
import struct
import sys


def unpack(data, at):
    """Reads one value of MessagePack: what it is, and where it ends."""
    kind = data[at]
    if kind < 0x80:
        return kind, at + 1
    if kind >> 4 == 8:
        return unpack_map(data, at + 1, kind & 15)
    if kind >> 5 == 5:
        return text(data, at + 1, kind & 31)
    if kind == 0xDE:
        return unpack_map(data, at + 3, struct.unpack_from(">H", data, at + 1)[0])
    if kind == 0xDA:
        return text(data, at + 3, struct.unpack_from(">H", data, at + 1)[0])
    if kind == 0xDB:
        return text(data, at + 5, struct.unpack_from(">I", data, at + 1)[0])
    if kind == 0xD3:
        return struct.unpack_from(">q", data, at + 1)[0], at + 9
    if kind == 0xC6:
        end = at + 5 + struct.unpack_from(">I", data, at + 1)[0]
        return data[at + 5 : end], end
    raise ValueError("no value starts with %#x" % kind)


def text(data, at, size):
    return data[at : at + size].decode(), at + size


def unpack_map(data, at, size):
    found = {}
    for _ in range(size):
        key, at = unpack(data, at)
        found[key], at = unpack(data, at)
    return found, at


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock


def main():
    parser = argparse.ArgumentParser()
    for name in ("handler", "event-socket-path", "control-socket-path", "platform-kind", "namespace", "worker-id"):
        parser.add_argument("--" + name, required=True)
    for name in ("trigger-kind", "trigger-name"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--decode-event-strings", action="store_true", required=True)
    args = parser.parse_args()
    module, _, function = args.handler.partition(":")
    handler = getattr(importlib.import_module(module), function)
    control = connect(args.control_socket_path)
    events = connect(args.event_socket_path)
    control.sendall(b'{"kind": "wrapperInitialized"}\n')
    events.sendall(b'l{"message": "starts"}\ns\n')
    stream = events.makefile("rb")
    while True:
        head = stream.read(4)
        if len(head) < 4:
            sys.exit(0)
        size = struct.unpack(">I", head)[0]
        event, end = unpack(stream.read(size), 0)
        assert end == size, "the event is longer than what is in it"
        answer = handler(event)
        events.sendall(b'm{"duration": 0.1}\nl{"message": "done"}\nr' + json.dumps(answer).encode() + b"\n")


main()

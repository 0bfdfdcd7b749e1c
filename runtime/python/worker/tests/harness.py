"""A worker process to speak to, as the server does."""

from __future__ import annotations

import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

WORKER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "leat_worker", "__main__.py")
HEADER = struct.Struct("<IBBHQI")
CONFIG, DESCRIBE, CREATE, LOAD, CALL, CANCEL, CLOSE, ANSWER, PING = range(1, 10)
OK, ERROR, LOG, PART, ASK = range(128, 133)
JSON, TENSORS, TEXT, BYTES, SHM, WHOLE, EVENT = 1, 2, 4, 8, 16, 32, 64
PYTHON = os.environ.get("LEAT_PYTHON", sys.executable)


class Gone(Exception):
    """The worker has closed its end."""


class Answer:
    """A frame that the worker has sent."""

    def __init__(self, kind: int, flags: int, obj: int, call: int, meta: dict, payload: bytes) -> None:
        self.kind, self.flags, self.object, self.call, self.meta, self.payload = kind, flags, obj, call, meta, payload

    @property
    def value(self) -> object:
        if self.flags & JSON:
            return json.loads(self.payload)
        if self.flags & TEXT:
            return self.payload.decode()
        return self.payload if self.flags & BYTES else None

    def __repr__(self) -> str:
        return f"Answer({self.kind}, flags={self.flags}, call={self.call}, {self.meta}, {self.payload[:200]!r})"


class Process:
    """One worker. Used as a context manager; what it writes to its standard streams is in `output`."""

    def __init__(self, code: str = "", python: str = PYTHON, config: dict | None = None, files: dict | None = None) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.file = os.path.join(self.folder.name, "usercode.py")
        with open(self.file, "w") as file:
            file.write(textwrap.dedent(code))
        for name, text in (files or {}).items():
            path = os.path.join(self.folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(textwrap.dedent(text))
        self.config = config or {}
        self.python = python
        self.calls = 0
        self.logs: list[dict] = []
        self.answers = {}  # what questions are answered with: by kind, a function of the question
        self.others: list[Answer] = []

    def __enter__(self) -> Process:
        self.socket, theirs = socket.socketpair()
        pipe, self.lifeline = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in (theirs.fileno(), pipe)]  # out of the way of 3 and 4
        line = f'exec "$@" 3<&{high[0]} 4<&{high[1]} {high[0]}<&- {high[1]}<&-'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", line, "sh", self.python, "-X", "utf8", "-u", WORKER],
            pass_fds=high,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        theirs.close()
        for fd in (pipe, *high):
            os.close(fd)
        self.socket.settimeout(300)
        self.output = b""
        self._drain = threading.Thread(target=self._read_output, daemon=True)
        self._drain.start()
        self.hello = self.ask(CONFIG, {"version": 1, "paths": [self.file], **self.config})
        return self

    def _read_output(self) -> None:
        while True:
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return
            self.output = (self.output + data)[-100000:]

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        if self.lifeline >= 0:
            os.close(self.lifeline)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._drain.join(60)
        self.process.stdout.close()
        self.folder.cleanup()

    def send(self, kind: int, meta: dict | None = None, payload: bytes = b"", flags: int = 0, obj: int = 0, call: int = 0) -> None:
        data = json.dumps(meta).encode() if meta else b""
        self.socket.sendall(HEADER.pack(16 + len(data) + len(payload), kind, flags, obj, call, len(data)) + data + payload)

    def read(self) -> Answer:
        """The next frame, whatever it is."""
        size, kind, flags, obj, call, nmeta = HEADER.unpack(self._exactly(20))
        body = self._exactly(size - 16)
        meta = json.loads(body[:nmeta]) if nmeta else {}
        return Answer(kind, flags, obj, call, meta, body[nmeta:])

    def _exactly(self, n: int) -> bytes:
        data = bytearray()
        while len(data) < n:
            chunk = self.socket.recv(n - len(data))
            if not chunk:
                raise Gone(f"{len(data)} of {n} bytes")
            data += chunk
        return bytes(data)

    def next(self) -> Answer:
        """The next frame that is no log record or question; those are seen to."""
        while True:
            frame = self.read()
            if frame.kind == LOG:
                self.logs.append(frame.meta)
            elif frame.kind == ASK:
                self.others.append(frame)
                if frame.call:
                    said = self.answers.get(frame.meta["ask"], lambda _: {"error": "no such thing"})(frame.meta)
                    self.send(ANSWER, said, call=frame.call)
            else:
                return frame

    def ask(self, kind: int, meta: dict | None = None, payload: bytes = b"", flags: int = 0, obj: int = 0) -> Answer:
        """Sends a frame and waits for what answers it."""
        self.calls += 1
        self.send(kind, meta, payload, flags, obj, self.calls)
        answer = self.next()
        assert answer.call == self.calls, answer
        return answer

    def create(self, obj: int = 1, load: bool = True, **spec: object) -> Answer:
        answer = self.ask(CREATE, spec, obj=obj)
        if answer.kind != OK:
            return answer
        self.created = answer
        return self.ask(LOAD, {}, obj=obj) if load else answer

    def call(self, body: object = None, obj: int = 1, flags: int = 0, **meta: object) -> Answer:
        """Puts a body to an object: text and bytes as such, all else as JSON."""
        if isinstance(body, str):
            return self.ask(CALL, meta, body.encode(), TEXT | flags, obj)
        if isinstance(body, bytes):
            return self.ask(CALL, meta, body, BYTES | flags, obj)
        return self.ask(CALL, meta, json.dumps(body).encode(), JSON | flags, obj)

    def ends(self, seconds: float = 300) -> int:
        """The status that the process ends with; its parent is the shell that became it."""
        return self.process.wait(seconds)

    def wait_output(self, part: bytes, seconds: float = 300) -> bool:
        end = time.monotonic() + seconds
        while part not in self.output and time.monotonic() < end:
            time.sleep(0.01)
        return part in self.output

    def readable(self, seconds: float) -> bool:
        return bool(select.select([self.socket], [], [], seconds)[0])

    def resident(self) -> int:
        """Bytes of memory that the worker has resident."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

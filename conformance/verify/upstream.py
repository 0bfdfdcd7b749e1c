"""The HTTP server that remote steps of the specs talk to; upstream_test.go has the same one in Go.

/echo             the body, with the content type of the request
/inspect          a JSON object of what was asked: method, path, id, event_path, content_type, body
/json             {"post":"ok"}
/text             my str, as text/plain
/number           5, as application/json
/status/N         that status, and "status N"
/flaky/N/...      500 for the first N requests of that path, then as /echo
"""

import http.server
import json
import threading


def document(body):
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


class Stub:
    def __init__(self):
        self.seen = {}
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stub.answer(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.seen = {}

    def answer(self, asked):
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        status, kind, out = self.respond(asked, body)
        asked.send_response(status)
        asked.send_header("Content-Type", kind)
        asked.send_header("Content-Length", str(len(out)))
        asked.end_headers()
        asked.wfile.write(out)

    def respond(self, asked, body):
        parts = asked.path.strip("/").split("/")
        count = self.seen[asked.path] = self.seen.get(asked.path, 0) + 1
        kind = asked.headers.get("Content-Type") or "text/plain"
        match parts[0]:
            case "inspect":
                return 200, "application/json", json.dumps(self.inspect(asked, body)).encode()
            case "json":
                return 200, "application/json", b'{"post":"ok"}'
            case "text":
                return 200, "text/plain", b"my str"
            case "number":
                return 200, "application/json", b"5"
            case "status":
                return int(parts[1]), "text/plain", f"status {parts[1]}".encode()
            case "flaky" if count <= int(parts[1]):
                return 500, "text/plain", b"not yet"
        return 200, kind, body

    def inspect(self, asked, body):
        return {
            "method": asked.command,
            "path": asked.path,
            "id": asked.headers.get("MLRUN-EVENT-ID"),
            "event_path": asked.headers.get("MLRUN-EVENT-PATH"),
            "content_type": asked.headers.get("Content-Type"),
            "other": asked.headers.get("X-Other"),
            "body": document(body),
        }

"""What the user's code knows of its server: the graph's context and its logger."""

from __future__ import annotations

from . import link
from .events import Response

LEVELS = {"debug": 10, "info": 20, "warn": 30, "warning": 30, "error": 40, "critical": 50, "fatal": 50}


class Logger:
    """Writes to the server's log. Keyword arguments become fields of the record."""

    def __init__(self, level: str = "debug", fields: dict[str, object] | None = None) -> None:
        self._least = LEVELS.get(str(level).lower(), 10)
        self._fields = fields or {}

    def _log(self, level: str, message: object, args: tuple[object, ...], fields: dict[str, object]) -> None:
        if LEVELS[level] < self._least:
            return
        text = str(message)
        if args:
            try:
                text = text % args
            except (TypeError, ValueError):
                text = " ".join([text, *map(str, args)])
        fields.pop("exc_info", None)
        link.log("error" if level in ("critical", "fatal") else level, text, {**self._fields, **fields})

    def debug(self, message: object, *args: object, **fields: object) -> None:
        self._log("debug", message, args, fields)

    def info(self, message: object, *args: object, **fields: object) -> None:
        self._log("info", message, args, fields)

    def warning(self, message: object, *args: object, **fields: object) -> None:
        self._log("warning", message, args, fields)

    def error(self, message: object, *args: object, **fields: object) -> None:
        self._log("error", message, args, fields)

    def exception(self, message: object, *args: object, **fields: object) -> None:
        """An error, with the traceback of the exception being handled."""
        import traceback

        self._log("error", message, args, {**fields, "traceback": traceback.format_exc()})

    warn = warn_with = warning_with = warning
    critical = fatal = error
    debug_with, info_with, error_with = debug, info, error

    def set_logger_level(self, level: str) -> None:
        self._least = LEVELS.get(str(level).lower(), 10)

    setLevel = set_level = set_logger_level  # noqa: N815 - as logging has it

    @property
    def level(self) -> int:
        return self._least

    def get_child(self, name: str, **fields: object) -> Logger:
        """A logger of the same level, whose records say which part they are of."""
        child = Logger(fields={**self._fields, "logger": name, **fields})
        child._least = self._least
        return child

    getChild = get_child  # noqa: N815 - as logging has it


class _Stream:
    """Where MLRun's model servers push records. The server records, so here is none."""

    enabled = False
    hostname = ""
    function_uri = ""
    stream_uri = ""
    output_stream = None


class _Server:
    """What little of MLRun's server a user's code may look at."""

    def __init__(self, settings: dict[str, object]) -> None:
        self.parameters = settings.get("parameters") or {}
        self.function_uri = settings.get("function_uri") or ""
        self.function_name = self.function_uri.rpartition("/")[2].partition(":")[0]  # type: ignore[attr-defined]
        self.function_tag: str | None = None
        self.project = str(settings.get("project") or "")
        if not self.project and "/" in self.function_uri:  # type: ignore[operator]
            self.project = self.function_uri.split("/")[0]  # type: ignore[attr-defined]
        self.functions: dict[str, object] = {}
        self.streaming = False
        self.http_trigger = True
        self.default_content_type: str | None = None
        self.model_endpoint_creation_task_name: str | None = None
        self.verbose = bool(settings.get("verbose"))
        self.version = "v2"
        self.load_mode = "sync"
        self.track_models = False
        self.model_endpoint_uid = None
        self._error_stream_object = None
        self._secrets: dict[str, str] = {}


class GraphContext:
    """MLRun's graph context and nuclio's context in one. One for all objects of a worker:
    attributes that one step sets are seen by the others."""

    def __init__(self, settings: dict[str, object] | None = None, **_: object) -> None:
        settings = settings or {}
        self.logger = Logger(str(settings.get("log_level") or "debug"))
        self.worker_id = settings.get("worker_id") or 0
        self.verbose = bool(settings.get("verbose"))
        self.is_mock = bool(settings.get("mock"))
        self.monitoring_mock = False
        self.trigger = settings.get("trigger")
        self.current_function = settings.get("current_function")
        self.Response = Response
        self.stream = _Stream()
        self.root = None
        self.state = None
        self.executor = None
        self.platform = Platform()
        self.user_data = _Free()
        self._server = _Server(settings)
        self._secrets = settings.get("secrets") or {}

    @property
    def server(self) -> _Server:
        return self._server

    @property
    def project(self) -> str:
        return self._server.project

    def get_param(self, key: str, default: object = None) -> object:
        return self._server.parameters.get(key, default)  # type: ignore[attr-defined]

    def get_secret(self, key: str) -> str | None:
        """A secret of the project. The server is asked for what it did not send at the start."""
        import os

        if key in self._secrets:  # type: ignore[operator]
            return self._secrets[key]  # type: ignore[index]
        try:
            value = link.ask({"ask": "secret", "key": key}).get("value")
        except link.NotGiven:
            value = None
        if value is None:
            value = os.environ.get("MLRUN_K8S_SECRET__" + key.upper(), os.environ.get(key))
        return str(value) if value is not None else None

    def push_error(self, event: object, message: object, source: str | None = None, **args: object) -> None:
        """Sends a record to the graph's stream of errors."""
        said = {"id": getattr(event, "id", None), "body": getattr(event, "body", None)}
        self.logger.error(f"got error from {source}: {message}")
        link.tell({"ask": "push_error", "source": source, "message": str(message), "event": said, "args": args})

    def get_store_resource(self, uri: str, *_: object, **__: object) -> object:
        """The artifact at a store:// address."""
        from . import artifacts

        return artifacts.get_model(uri)[1]

    def get_remote_endpoint(self, name: str, external: bool = True) -> str:
        if "://" in name:
            return name
        raise NotImplementedError(f"{name}: there is no registry of functions here; give the URL")


class Platform:
    """nuclio's platform, on which other functions could be called: there is none of these here."""

    def __init__(self, kind: str = "local", namespace: str = "") -> None:
        self.kind = kind
        self.namespace = namespace

    def call_function(self, name: str, *args: object, **kwargs: object) -> object:
        raise NotImplementedError(f"function {name} cannot be called from here: make it a step of the graph, or call its URL")


class _Free:
    """An object for attributes."""

"""mlserver.errors: exceptions with a status."""

from __future__ import annotations


class MLServerError(Exception):
    """An error with the HTTP status that it is answered with."""

    def __init__(self, msg: str, status_code: int = 400) -> None:
        super().__init__(msg)
        self.status_code = status_code


class InferenceError(MLServerError):
    """The request cannot be answered."""


class InvalidModelURI(MLServerError):
    """The model's files are not where they should be."""

    def __init__(self, name: str, model_uri: str | None = None) -> None:
        super().__init__(f"Invalid URI specified for model {name} ({model_uri})", 422)


class ModelNotReady(MLServerError):
    """The model is not loaded."""

    def __init__(self, name: str, version: str | None = None) -> None:
        super().__init__(f"Model {name} is not ready yet.")

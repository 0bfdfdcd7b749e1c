"""MLRun's exceptions, each with the HTTP status that it stands for."""

from __future__ import annotations


class MLRunBaseError(Exception):
    """The base of MLRun's exceptions."""


class MLRunTaskNotReady(MLRunBaseError):
    """Something is not there yet."""


class MLRunHTTPError(MLRunBaseError):
    """An error of an HTTP exchange."""

    def __init__(self, *args: object, response: object = None, status_code: int | None = None, **_: object) -> None:
        super().__init__(*args)
        self.response = response
        if status_code:
            self.error_status_code = status_code


class MLRunHTTPStatusError(MLRunHTTPError):
    """An error with a status of its own."""

    error_status_code: int


def _of(name: str, status: int, doc: str, base: type = MLRunHTTPStatusError) -> type:
    return type(name, (base,), {"error_status_code": status, "__doc__": doc, "__module__": __name__})


MLRunBadRequestError = _of("MLRunBadRequestError", 400, "The request is wrong.")
MLRunInvalidArgumentError = type(
    "MLRunInvalidArgumentError",
    (MLRunHTTPStatusError, ValueError),
    {"error_status_code": 400, "__doc__": "An argument is wrong.", "__module__": __name__},
)
MLRunInvalidArgumentTypeError = type(
    "MLRunInvalidArgumentTypeError",
    (MLRunHTTPStatusError, TypeError),
    {"error_status_code": 400, "__doc__": "An argument is of a wrong type.", "__module__": __name__},
)
MLRunUnauthorizedError = _of("MLRunUnauthorizedError", 401, "Who asks is not known.")
MLRunAccessDeniedError = _of("MLRunAccessDeniedError", 403, "Who asks may not.")
MLRunNotFoundError = _of("MLRunNotFoundError", 404, "There is no such thing.")
MLRunConflictError = _of("MLRunConflictError", 409, "It is there already, or otherwise.")
MLRunPreconditionFailedError = _of("MLRunPreconditionFailedError", 412, "A precondition does not hold.")
MLRunUnprocessableEntityError = _of("MLRunUnprocessableEntityError", 422, "The request makes no sense.")
MLRunTooManyRequestsError = _of("MLRunTooManyRequestsError", 429, "Too many requests.")
MLRunInternalServerError = _of("MLRunInternalServerError", 500, "The server has failed.")
MLRunNotImplementedServerError = _of("MLRunNotImplementedServerError", 501, "The server does not do that.")
MLRunServiceUnavailableError = _of("MLRunServiceUnavailableError", 503, "The server cannot now.")
MLRunTimeoutError = _of("MLRunTimeoutError", 504, "It has taken too long.")
MLRunRuntimeError = type(
    "MLRunRuntimeError",
    (MLRunHTTPStatusError, RuntimeError),
    {"error_status_code": 500, "__doc__": "It has failed at run time.", "__module__": __name__},
)
MLRunMissingDependencyError = _of("MLRunMissingDependencyError", 500, "A package is missing.")
MLRunFatalFailureError = _of("MLRunFatalFailureError", 500, "It has failed for good.")


def err_to_str(err: object) -> str:
    """The text of an exception and of what has caused it, as MLRun writes it."""
    if not err:
        return ""
    if isinstance(err, str):
        return err
    texts = []
    while err is not None:
        texts.append(str(err))
        err = getattr(err, "__cause__", None)
    return ", caused by: ".join(texts)

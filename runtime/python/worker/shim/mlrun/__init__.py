"""What serving code uses of MLRun, for where MLRun is not installed.

A really installed mlrun is found first and wins. Whatever is not here raises an
error that says what to install.
"""

from __future__ import annotations

from typing import Any

from leat_worker.artifacts import DataItem

from . import artifacts, config, datastore, errors, serving, utils
from .config import mlconf
from .errors import MLRunInvalidArgumentError, MLRunNotFoundError
from .run import Context as MLClientCtx
from .run import get_dataitem, get_object, get_or_create_ctx, handler
from .secrets import get_secret_or_env

__version__ = "0.0.0+leat"

__all__ = [
    "DataItem",
    "MLClientCtx",
    "MLRunInvalidArgumentError",
    "MLRunNotFoundError",
    "artifacts",
    "config",
    "datastore",
    "errors",
    "get_dataitem",
    "get_object",
    "get_or_create_ctx",
    "get_secret_or_env",
    "handler",
    "mlconf",
    "serving",
    "utils",
]


# What code that is also a script or a notebook imports to build and deploy functions: it can be imported
# here, and says what to install when it is called.
_BUILDERS = frozenset(
    """
    auto_mount build_function code_to_function deploy_function function_to_module get_or_create_project get_run_db
    import_function load_project mount_v3io new_function new_model_server new_project new_task pipeline_context
    run_function set_environment v3io_cred wait_for_pipeline_completion
    """.split()
)


def _builder(name: str) -> Any:
    def build(*args: object, **kwargs: object) -> Any:
        raise NotImplementedError(f"mlrun.{name} does not serve. To call it, install MLRun where this Python is: pip install mlrun")

    build.__name__ = name
    return build


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name in _BUILDERS:
        return _builder(name)
    raise AttributeError(
        f"mlrun.{name} is not part of what serving needs. To use it, install MLRun where this Python is: pip install mlrun"
    )

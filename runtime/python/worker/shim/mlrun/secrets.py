"""Secrets, from the environment of the worker."""

from __future__ import annotations

import os
from collections.abc import Callable


def get_secret_or_env(
    key: str, secret_provider: dict[str, str] | Callable[[str], str] | None = None, default: str | None = None, prefix: str | None = None
) -> str | None:
    """A secret from the provider, else from the environment."""
    if prefix:
        key = f"{prefix}_{key}"
    value = None
    if isinstance(secret_provider, dict):
        value = secret_provider.get(key)
    elif secret_provider:
        value = secret_provider(key)
    return value or os.environ.get(key) or os.environ.get("MLRUN_K8S_SECRET__" + key.upper()) or default

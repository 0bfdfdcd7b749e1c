"""mlserver.utils: where a model's files are."""

from __future__ import annotations

import os
import uuid

from .errors import InvalidModelURI
from .settings import ModelSettings


async def get_model_uri(settings: ModelSettings, wellknown_filenames: list[str] | tuple[str, ...] = ()) -> str:
    """The file of the model: what the settings name, or the first well-known file in that folder."""
    uri = settings.parameters.uri
    if not uri:
        raise InvalidModelURI(settings.name)
    uri = uri[len("file://") :] if uri.startswith("file://") else uri
    if os.path.isdir(uri):
        for name in wellknown_filenames:
            if os.path.isfile(os.path.join(uri, name)):
                return os.path.join(uri, name)
        return str(uri)
    if os.path.isfile(uri):
        return str(uri)
    raise InvalidModelURI(settings.name, uri)


def generate_uuid() -> str:
    return str(uuid.uuid4())


def install_uvloop_event_loop() -> None:
    """The worker has its loop."""

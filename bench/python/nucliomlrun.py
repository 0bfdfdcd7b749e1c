"""The models of models.py for nuclio's wrapper, through the real MLRun: what MLRun adds to a function it deploys.

MLRun's router logs a line for each request, at debug level, and the logger of
nuclio_sdk sends it to the processor whatever its level is. SILENT=1 drops it.
"""

import logging
import os

import mlrunspec

mlrunspec.prepare(os.environ["MODELS"])

import models  # noqa: E402
from mlrun.serving import server  # noqa: E402


def init_context(context):
    context.is_mock = True  # or there must be a monitoring stream
    server.v2_serving_init(context, vars(models))
    logging.getLogger("nuclio_sdk").disabled = os.environ.get("SILENT") == "1"


def handler(context, event):
    return context.mlrun_handler(context, event)

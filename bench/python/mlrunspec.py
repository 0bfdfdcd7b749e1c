"""What MLRun is told in the environment, to serve models.py without the services around it."""

import json
import os


def prepare(folder):
    """Sets it, before mlrun is imported. The classifier is in the folder."""
    route = {"kind": "task", "class_args": {"folder": folder, "model_path": ""}}
    classes = {"echo": "Echo", "iris": "Iris"}
    routes = {name: {**route, "class_name": c} for name, c in classes.items()}
    spec = {"graph": {"kind": "router", "routes": routes}, "version": "v2", "parameters": {}}
    os.environ.update(
        MLRUN_DBPATH="nop",  # there is no API to reach
        MLRUN_LOG_LEVEL="ERROR",
        MLRUN_HTTPDB__DEFAULT_PROJECT="default",
        SERVING_CURRENT_FUNCTION="*",
        SERVING_SPEC_ENV=json.dumps(spec),
    )

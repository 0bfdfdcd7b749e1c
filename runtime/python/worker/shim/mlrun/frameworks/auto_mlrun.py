"""mlrun.frameworks.auto_mlrun: its classes need the framework's own code in MLRun."""

raise ImportError("mlrun.frameworks.auto_mlrun needs MLRun where this Python is: pip install mlrun. Or serve a class of your own with load and predict")

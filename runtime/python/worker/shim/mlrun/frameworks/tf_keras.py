"""mlrun.frameworks.tf_keras: its classes need the framework's own code in MLRun."""

raise ImportError("mlrun.frameworks.tf_keras needs MLRun where this Python is: pip install mlrun. Or serve a class of your own with load and predict")

"""A model class as MLRun's guide to serving writes one: a file that get_model brings, numpy, and a list for an answer."""

import pickle

import mlrun
import numpy as np


class ClassifierModel(mlrun.serving.V2ModelServer):
    def load(self):
        """load and initialize the model and/or other elements"""
        model_file, extra_data = self.get_model(".pkl")
        with open(model_file, "rb") as f:
            self.model = pickle.load(f)

    def predict(self, body: dict) -> list:
        """Generate model predictions from sample."""
        feats = np.asarray(body["inputs"])
        result: np.ndarray = self.model.predict(feats)
        self.set_metric("rows", len(feats))
        return result.tolist()

"""Trains the classifier that bench/cmd/bench asks: python train.py FOLDER, with the scikit-learn that will open it."""

import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

rows, species = load_iris(return_X_y=True)
joblib.dump(LogisticRegression(max_iter=1000).fit(rows, species), Path(sys.argv[1]) / "iris.joblib")

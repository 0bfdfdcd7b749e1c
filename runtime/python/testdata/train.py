"""Trains a model of a library, writes it to a file, and what it predicts to stdout, as raw bytes: train.py LIBRARY FILE."""

import pickle
import sys

import numpy as np

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.1, 5.6, 2.4]])


def regressor(library):
    if library == "xgboost":
        from xgboost import XGBRegressor

        return XGBRegressor(n_estimators=20, random_state=1)
    if library == "lightgbm":
        from lightgbm import LGBMRegressor

        return LGBMRegressor(n_estimators=20, random_state=1, verbose=-1)
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(n_estimators=20, random_state=1)


r = np.random.default_rng(1)
x = r.normal(size=(200, 4))
model = regressor(sys.argv[1]).fit(x, x @ [1.0, 2.0, -1.0, 0.5])
with open(sys.argv[2], "wb") as f:
    pickle.dump(model, f)
sys.stdout.buffer.write(model.predict(ROWS).astype(np.float64).tobytes())

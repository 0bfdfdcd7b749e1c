"""Trains the model of `leat init`: repository/houses/1/model.txt.

    .venv/bin/python internal/cli/starter/train.py

The houses are made up: a price in thousands from the area in square metres, the
number of rooms and the age in years.
"""

import pathlib

import lightgbm
import numpy as np

HERE = pathlib.Path(__file__).parent


def main():
    rng = np.random.default_rng(7)
    area = rng.uniform(30, 250, 2000)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 0.8, area.size)), 1, 9)
    age = rng.uniform(0, 100, area.size)
    price = 40 + 3.1 * area + 12 * rooms - 1.4 * age + rng.normal(0, 10, area.size)

    data = lightgbm.Dataset(np.column_stack([area, rooms, age]), price, feature_name=["area", "rooms", "age"])
    params = {
        "objective": "regression", "num_leaves": 6, "learning_rate": 0.4, "min_data_in_leaf": 20,
        "verbose": -1, "deterministic": True, "num_threads": 1, "seed": 7,
    }
    booster = lightgbm.train(params, data, num_boost_round=12)
    path = HERE / "repository" / "houses" / "1" / "model.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    booster.save_model(path)
    print(booster.predict([[120, 4, 10], [45, 2, 60]]))


if __name__ == "__main__":
    main()

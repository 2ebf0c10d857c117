"""``python sweep.py FOLDER``: trains on the example's data with many parameters, each a trial of its own.

``FOLDER`` is where the notebook server's files and the workspace lie. The experiment is ``tuning``.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

EXPERIMENT = "tuning"
TREES = 120


def main(folder: Path) -> None:
    """Train and record, one after the other, on every third block group."""
    houses = pd.read_csv(folder / "root" / "house-prices" / "california-housing.csv").dropna()[::3]
    prices = houses.pop("median_house_value")
    houses["ocean_proximity"] = houses["ocean_proximity"].astype("category").cat.codes
    split = train_test_split(houses, prices, test_size=0.2, random_state=0)
    client = MlflowClient(f"sqlite:///{folder}/studio/mlflow.db")
    experiment = client.create_experiment(EXPERIMENT, artifact_location=(folder / "studio" / "artifacts").as_uri())
    losses = ("squared_error", "absolute_error", "gamma")
    for number, (depth, rate, loss) in enumerate(itertools.product((3, 5, 9), (0.03, 0.1, 0.3), losses)):
        parameters = {
            "max_depth": depth,
            "learning_rate": rate,
            "loss": loss,
            "min_samples_leaf": (10, 20, 40)[number % 3],
            "max_iter": TREES,
            "seed": 0,
        }
        record(client, experiment, f"{loss.partition('_')[0]}-{depth}-{rate}", parameters, split)


def record(client: MlflowClient, experiment: str, name: str, parameters: dict[str, object], split: list) -> None:
    """Train once."""
    x_train, x_test, y_train, y_test = split
    run = client.create_run(experiment, run_name=name, tags={"stage": "sweep"}).info.run_id
    began = time.time()
    settings = {key: value for key, value in parameters.items() if key != "seed"}
    model = HistGradientBoostingRegressor(**settings, early_stopping=False, random_state=0).fit(x_train, y_train)
    metrics = [Metric("fit_seconds", time.time() - began, int(1000 * time.time()), 0)]
    stages = zip(model.staged_predict(x_train[::8]), model.staged_predict(x_test), strict=True)
    for step, (seen, unseen) in enumerate(stages, start=1):
        now = int(1000 * time.time())
        values = {
            "train/rmse": root_mean_squared_error(y_train[::8], seen),
            "test/rmse": root_mean_squared_error(y_test, unseen),
            "test/r2": r2_score(y_test, unseen),
        }
        metrics += [Metric(key, value, now, step) for key, value in values.items()]
    client.log_batch(run, params=[Param(key, str(value)) for key, value in parameters.items()])
    for first in range(0, len(metrics), 1000):
        client.log_batch(run, metrics=metrics[first : first + 1000])
    client.set_terminated(run)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Logs a run with MLflow's own Python client: python train.py [URL]"""
import sys

import mlflow

mlflow.set_tracking_uri(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:5080")
mlflow.set_experiment("python-mlflow")

with mlflow.start_run(run_name="first") as run:
    mlflow.log_params({"depth": 6, "learning_rate": 0.1})
    for step in range(20):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"accuracy": 0.91, "auc": 0.95})
    mlflow.set_tags({"team": "risk"})
    mlflow.log_text("It works.", "notes/readme.txt")

found = mlflow.search_runs(experiment_names=["python-mlflow"], filter_string="metrics.accuracy > 0.9", order_by=["metrics.accuracy DESC"])
print(found[["run_id", "metrics.loss", "metrics.accuracy", "status"]].to_string())

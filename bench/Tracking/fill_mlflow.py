#!/usr/bin/python3
"""Writes the runs of Seed.cs into the database of MLflow's own server: fill_mlflow.py mlflow.db RUNS [EXPERIMENT_NAME].
The database must have been made by that server (start it once, stop it, fill, start it again)."""
import hashlib
import sqlite3
import sys

LETTERS, TEAMS = "xyzw", ["risk", "fraud", "growth", "search", "ads"]


def fraction(run, key):
    return ((run * 2654435761 + key * 40503 * 65537 + run * key % 9973 * 131071) & 0xFFFFFFFF) / 4294967296


def main():
    path, runs = sys.argv[1], int(sys.argv[2])
    name = sys.argv[3] if len(sys.argv) > 3 else f"bench-{runs}"
    db = sqlite3.connect(path)
    db.execute("insert into experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time) values (?, '/tmp/a', 'active', 0, 0)", (name,))
    experiment = db.execute("select experiment_id from experiments where name = ?", (name,)).fetchone()[0]
    for i in range(runs):
        run = hashlib.md5(f"{name}{i}".encode()).hexdigest()
        start = 1_700_000_000_000 + i * 1000
        db.execute(
            "insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
            " values (?, ?, 'UNKNOWN', '', '', 'bench', ?, ?, ?, '', 'active', '/tmp/a', ?)",
            (run, f"run-{i}", "FAILED" if i % 20 == 0 else "FINISHED", start, start + 60_000, experiment))
        points = [(f"m{k}", fraction(i, k + 10 * s), start, run, s, 0) for k in range(10) if not (k == 9 and i % 3 == 0) for s in range(3 if k < 2 else 1)]
        db.executemany("insert into metrics (key, value, timestamp, run_uuid, step, is_nan) values (?, ?, ?, ?, ?, ?)", points)
        db.executemany("insert or replace into latest_metrics (key, value, timestamp, run_uuid, step, is_nan) values (?, ?, ?, ?, ?, ?)", points)
        params = [(f"p{k}", LETTERS[int(fraction(i, 20 + k) * 4)], run) for k in range(1, 9)] + [("p0", f"{fraction(i, 20):.4f}", run), ("p9", f"id-{i}", run)]
        db.executemany("insert into params (key, value, run_uuid) values (?, ?, ?)", params)
        db.executemany("insert into tags (key, value, run_uuid) values (?, ?, ?)", [("team", TEAMS[i % 5], run), ("note", f"n{fraction(i, 77):.6f}", run), ("mlflow.runName", f"run-{i}", run)])
    db.commit()
    print(f"experiment {experiment}: {runs} runs")


main()

"""The comparison of `holdfast drift` with numpy, scipy and pandas, and ours beside it: time, ratio, and whether the figures agree.

    python3 bench/Statistics/drift.py --holdfast PATH [--rows 1000000] [--folder FOLDER] [--runs 3]

Needs numpy and scipy; pandas for the files; Evidently is timed too if it is installed. With Debian: apt install python3-scipy python3-pandas, and
/usr/bin/python3 to run it. Two files of 20 numeric and 5 categorical columns are written (kept and used again with --folder) and compared

  in memory: arrays of numbers and of texts -> every statistic. Ours: `dotnet run --project bench/Statistics -c Release -- comparison ROWS`.
  from CSV: the whole process `holdfast drift a.csv b.csv --output json`, beside pandas.read_csv and the same statistics.

The statistics per numeric column: Kolmogorov-Smirnov with p, Wasserstein-1, and on deciles of the reference PSI, Jensen-Shannon, Hellinger, chi-squared;
per categorical column the same four on the counts. scipy has no interval of PSI, so that is ours alone.
"""
import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy import stats
from scipy.spatial import distance

HERE = os.path.dirname(os.path.abspath(__file__))
LEVELS = (3, 8, 20, 60, 200)


def side(seed, rows, shift):
    rng = np.random.default_rng(seed)
    numbers = []
    for c in range(20):
        if c < 8:
            x = rng.normal(shift, 1, rows)
        elif c < 12:
            x = np.round(np.exp(rng.normal(shift, 1, rows)), 2)
        elif c < 14:
            x = np.where(rng.random(rows) < 0.6, 0, np.round(100 * rng.random(rows), 2))
        elif c < 16:
            x = rng.integers(0, 10, rows).astype(float)
        elif c < 18:
            x = rng.random(rows)
        elif c == 18:
            x = np.where(rng.random(rows) < 0.05, np.nan, np.round(rng.normal(0, 1, rows), 4))
        else:
            x = 1.7e9 + rng.integers(0, 2**31, rows)
        numbers.append(x)
    texts = [np.char.add("level ", (k * rng.random(rows) ** (1.5 + shift)).astype(int).astype(str)).astype(object) for k in LEVELS]
    return numbers, texts


def binned(before, after):
    n, m = before.sum(), after.sum()
    p, q = (before + 0.5) / (n + 0.5 * len(before)), (after + 0.5) / (m + 0.5 * len(after))
    seen = (before + after) > 0
    return {
        "psi": float(((p - q) * np.log(p / q)).sum()),
        "jensen_shannon": float(distance.jensenshannon(before / n, after / m, base=2)),
        "hellinger": float(np.sqrt(max(0.0, 1 - np.sqrt(before / n * (after / m)).sum()))),
        "chi2": float(stats.chi2_contingency(np.array([before, after])[:, seen], correction=False)[0]),
    }


def numeric(a, b):
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    ks = stats.ks_2samp(a, b, method="asymp")
    edges = np.unique(np.quantile(a, np.arange(1, 10) / 10))
    before = np.bincount(np.searchsorted(edges, a), minlength=len(edges) + 1)
    after = np.bincount(np.searchsorted(edges, b), minlength=len(edges) + 1)
    return {"ks": float(ks.statistic), "p": float(ks.pvalue), "wasserstein": float(stats.wasserstein_distance(a, b) / a.std()), **binned(before, after)}


def categorical(a, b):
    import pandas as pd
    before, after = pd.Series(a).value_counts(), pd.Series(b).value_counts()
    names = before.index.union(after.index)
    return binned(before.reindex(names, fill_value=0).to_numpy(), after.reindex(names, fill_value=0).to_numpy())


def compare(reference, current):
    return [numeric(a, b) for a, b in zip(reference[0], current[0])], [categorical(a, b) for a, b in zip(reference[1], current[1])]


def from_csv(paths):
    import pandas as pd
    sides = []
    for path in paths:
        frame = pd.read_csv(path)
        sides.append(([frame[f"n{c}"].to_numpy(float) for c in range(20)], [frame[f"c{c}"].to_numpy(object) for c in range(5)]))
    return compare(*sides)


def timed(action, runs):
    best = None
    for _ in range(runs):
        wall, processor = time.perf_counter(), os.times()
        result = action()
        now = os.times()
        spent = sum(now[:4]) - sum(processor[:4])
        best = min(best, (time.perf_counter() - wall, spent)) if best else (time.perf_counter() - wall, spent)
    return (*best, result)


def show(what, ours, theirs, name):
    print(f"{what}: {name} {theirs[0]:.2f} s (processor {theirs[1]:.2f} s), holdfast {ours[0]:.2f} s (processor {ours[1]:.2f} s): {theirs[0] / ours[0]:.1f} times as fast, with {theirs[1] / ours[1]:.1f} times less processor time")


def in_memory(rows):
    out = subprocess.run(["dotnet", "run", "--project", HERE, "-c", "Release", "--", "comparison", str(rows)], capture_output=True, text=True, check=True).stdout
    line = re.search(r"every statistic of every column\s+([\d.]+) s\s+processor\s+([\d.]+) s", out)
    return float(line[1]), float(line[2])


def agree(document, theirs):
    numbers, _ = theirs
    worst = {"ks": 0.0, "wasserstein": 0.0, "jensen_shannon": 0.0, "hellinger": 0.0, "chi2": 0.0}
    columns = {c["name"]: c["tests"] for c in document["columns"]}
    # Columns without ties have the same bins here and there.
    for c in (*range(8), 16, 17):
        ours, other = columns[f"n{c}"], numbers[c]
        for key in worst:
            value = ours[key]["statistic"] if key in ("ks", "chi2") else ours[key]
            worst[key] = max(worst[key], abs(value - other[key]) / max(abs(other[key]), 1e-12))
    return worst


def evidently(paths):
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset
    frames = [pd.read_csv(p) for p in paths]
    return Report([DataDriftPreset()]).run(frames[1], frames[0]).dict()


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--holdfast", default="holdfast", help="the executable")
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--folder", help="where the files are or will be; a temporary one if not given")
    options.add_argument("--runs", type=int, default=3, help="the best of so many counts")
    options.add_argument("--no-memory", action="store_true", help="leave out the part that needs the .NET SDK")
    options = options.parse_args()
    print(f"{options.rows:,} rows a side, 20 numeric and 5 categorical columns, {os.cpu_count()} cores; numpy {np.__version__}")
    reference, current = side(1, options.rows, 0.0), side(2, options.rows, 0.05)
    if not options.no_memory:
        theirs = timed(lambda: compare(reference, current), 1)
        show("in memory", in_memory(options.rows), theirs, "scipy")

    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or temporary
        os.makedirs(folder, exist_ok=True)
        paths = [os.path.join(folder, name) for name in ("reference.csv", "current.csv")]
        for path, (numbers, texts) in zip(paths, (reference, current)):
            if os.path.exists(path):
                continue
            import pandas as pd
            pd.DataFrame({**{f"n{i}": x for i, x in enumerate(numbers)}, **{f"c{i}": x for i, x in enumerate(texts)}}).to_csv(path, index=False)
        del reference, current

        def ours():
            run = subprocess.run([options.holdfast, "drift", *paths, "--output", "json", "--memory", "4GiB"], capture_output=True, text=True, check=False)
            if run.returncode not in (0, 2):
                sys.exit(f"holdfast ended with {run.returncode}: {run.stderr}")
            return json.loads(run.stdout)

        mine = timed(ours, options.runs)
        theirs = timed(lambda: from_csv(paths), 1)
        show("from CSV", mine, theirs, "pandas and scipy")
        print("largest relative difference, columns without ties: " + ", ".join(f"{k} {v:.1e}" for k, v in agree(mine[2], theirs[2]).items()))
        if importlib.util.find_spec("evidently"):
            show("from CSV", mine, timed(lambda: evidently(paths), 1), "Evidently")
        else:
            print("Evidently is not installed; pip install evidently to see it beside")


main()

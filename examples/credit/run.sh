#!/bin/sh
# Generates the data of the example once, then runs its pipeline: train, evaluate, gate, register.
set -eu
cd "$(dirname "$0")"
holdfast() { "${HOLDFAST:-holdfast}" "$@"; }
[ -f data/applications.csv ] || holdfast example generate credit --rows 12000 --seed 1001 --out data/applications.csv
[ -f data/holdout.csv ] || holdfast example generate credit --rows 4000 --seed 1002 --out data/holdout.csv
exec "${HOLDFAST:-holdfast}" pipeline run credit "$@"

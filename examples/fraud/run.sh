#!/bin/sh
# Generates the data of the example once, then runs its pipeline: train, evaluate, gate, register.
set -eu
cd "$(dirname "$0")"
holdfast() { "${HOLDFAST:-holdfast}" "$@"; }
[ -f data/payments.csv ] || holdfast example generate fraud --rows 12000 --seed 1001 --out data/payments.csv
[ -f data/holdout.csv ] || holdfast example generate fraud --rows 4000 --seed 1002 --out data/holdout.csv
exec "${HOLDFAST:-holdfast}" pipeline run fraud "$@"

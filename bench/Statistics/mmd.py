"""The kernel two-sample test of MultivariateBench.cs in numpy: same rows, same figures, the indicators as one matrix product.

Run with Debian's python3-numpy over libopenblas0-pthread: /usr/bin/python3 bench/Statistics/mmd.py
"""
import time

import numpy as np

SIDE, COLUMNS, PERMUTATIONS, REPEATS = 2500, 20, 100, 7
MASK = (1 << 64) - 1


def rows(seed, shift):
    state, out = seed * 1_000_003, np.empty(SIDE * COLUMNS)
    for i in range(out.size):
        total = 0.0
        for _ in range(12):
            state = (state * 6364136223846793005 + 1442695040888963407) & MASK
            total += (state >> 33) / float(1 << 31)
        out[i] = total - 6 + shift
    return out.reshape(SIDE, COLUMNS)


def timed(what, action):
    action()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = action()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    print(f"{what:<36} best {times[0]:8.1f} ms   median {times[REPEATS // 2]:8.1f} ms")
    return result


def kernel(x, sigma):
    squares = np.einsum("ij,ij->i", x, x)
    k = x @ x.T
    k *= 2
    k -= squares[:, None]
    k -= squares[None, :]
    k /= 2 * sigma * sigma
    np.exp(k, out=k)
    np.fill_diagonal(k, 0)
    return k


def forms(k, w):
    n, m = SIDE, len(k) - SIDE
    kw = k @ w
    total = k.sum()
    xx = np.einsum("ij,ij->j", w, kw)
    xy = kw.sum(axis=0) - xx
    yy = total - xx - 2 * xy
    return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)


def median_sigma(r):
    squares = np.einsum("ij,ij->i", r, r)
    d = np.maximum(squares[:, None] + squares[None, :] - 2 * (r @ r.T), 0)[np.tril_indices(len(r), -1)]
    rank = (len(d) - 1) // 2
    return np.sqrt(np.partition(d, rank)[rank] / 2)


def main():
    reference, current = rows(1, 0.0), rows(2, 0.02)
    x = np.vstack([reference, current])
    print(f"{SIDE} + {SIDE} rows x {COLUMNS}, {PERMUTATIONS} permutations, float64, numpy {np.__version__}")
    thinned = reference[np.arange(2000) * len(reference) // 2000]
    sigma = median_sigma(thinned)
    rng = np.random.default_rng(0)
    w = np.zeros((len(x), PERMUTATIONS + 1))
    w[:SIDE, 0] = 1
    for b in range(1, PERMUTATIONS + 1):
        w[rng.permutation(len(x))[:SIDE], b] = 1
    values = timed("kernel and permutations", lambda: forms(kernel(x, sigma), w))
    timed("kernel alone", lambda: kernel(x, sigma))
    k = kernel(x, sigma)
    timed("X X' and K W alone", lambda: (x @ x.T, k @ w))
    timed("K W alone", lambda: k @ w)
    p = (1 + int((values[1:] >= values[0]).sum())) / (PERMUTATIONS + 1)
    print(f"MMD^2 {values[0]!r}, p {p:.4f}, sigma {sigma!r}")


main()

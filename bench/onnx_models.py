"""Imported ONNX models against ONNX Runtime: the same file, predictions of 1 and of 32 rows.

    PYTHONPATH=python:bench python bench/onnx_models.py [--threads 1 2] [--rows 1 32] [--only NAME]

The answers are compared before anything is timed. Calls alternate; the table has medians in microseconds (CPU time
where one thread computes), how many times as fast netlet is, and the rate of multiply-adds that all threads together
reached beside the row (harness/ruler.py).
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import netlet
from harness.ruler import Ruler
from netlet.commands.bench.timing import alternate
from onnx_networks import Network, networks
from workloads import session_of

TOLERANCE = 2e-5  # of float32 sums in another order, relative to the largest output


def compare(network: Network, rows: int, threads: int, ruler: Ruler) -> tuple[float, float, float]:
    """Microseconds of one prediction: (netlet, ONNX Runtime), and the floor beside them in GFLOP/s.

    Args:
        network: the network.
        rows: of the batch.
        threads: of both.
        ruler: of as many threads.

    Raises:
        AssertionError: the predictions differ.
    """
    x = np.random.default_rng(0).standard_normal((rows, *network.shape)).astype(np.float32)
    session = session_of(network.model.SerializeToString(), threads)
    model = netlet.onnx.load(network.model)
    netlet.set_num_threads(threads)
    want = session.run(None, {"x": x})[0]
    difference = np.abs(model.predict_on_batch(x) - want).max() / np.abs(want).max()
    assert difference < TOLERANCE, f"{network.name}: the predictions differ by {difference}"
    clock = time.thread_time if threads == 1 else time.perf_counter  # both compute in the calling thread

    def measure() -> list[float]:
        return alternate(lambda: model.predict_on_batch(x), lambda: session.run(None, {"x": x}), clock=clock)

    (ours, theirs), floor = ruler.beside(measure)
    return ours * 1e6, theirs * 1e6, floor


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--only", default="", help="part of the name of a network")
    options = parser.parse_args(arguments)
    columns = f"{'network':32} {'threads':>7} {'rows':>5} {'netlet us':>10} {'ORT us':>10}"
    print(f"{columns} {'times as fast':>14} {'GFLOP/s':>8}")
    rulers = {threads: Ruler(threads) for threads in options.threads}
    for network in networks():
        if options.only not in network.name:
            continue
        for threads in options.threads:
            for rows in options.rows:
                ours, theirs, floor = compare(network, rows, threads, rulers[threads])
                times = f"{ours:10.0f} {theirs:10.0f} {theirs / ours:14.2f} {floor:8.0f}"
                print(f"{network.name:32} {threads:7} {rows:5} {times}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

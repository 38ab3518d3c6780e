# ruff: noqa: E402
"""int8 and bfloat16 beside float32: speed, bytes and accuracy.

    python -m bench.quantized                              everything
    python -m bench.quantized --only inference,training    any of: inference accuracy training
    python -m bench.quantized --threads 2 --seconds 2

inference: one batch through a model in float32, in int8 with dynamic and with static activations, and through ONNX
Runtime in float32 and in the int8 form that its own tools make. All sides take turns; the median counts. Every layer is
quantized (only_if_faster=False). Before anything is timed, the answers of all sides are compared with float32's.
training: a step inside fit(verbose=0) in float32 and under mixed_bfloat16. accuracy: networks for scikit-learn's digits
(bench/quantized_accuracy.py).
"floor" is the multiply-add rate of all threads together, measured beside each row; a row is repeated while it is low.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent)]

import netlet
from bench.harness.results import write_results
from bench.harness.ruler import Ruler
from netlet import quantizers
from netlet.commands.bench.timing import alternate, microseconds
from netlet.commands.info import describe_machine
from onnx_int8 import int8_sessions
from parts import BatchNorm, Conv, Flatten, GlobalAverage, Pool
from quantized_accuracy import accuracy
from steps import Row, epochs_of, have
from workloads import WORKLOADS, Workload, build, data, images, onnx_input, onnx_session

WIDE = [
    images(
        "CNN 64-128-128",
        (32, 32, 3),
        [
            *(Conv(64, "relu", same=True), Conv(64, "relu", same=True), Pool()),
            *(Conv(128, "relu", same=True), Pool(), Conv(128, "relu", same=True), Flatten()),
        ],
        32,
    ),
    images(
        "conv-BN-ReLU 64-128-256",
        (32, 32, 3),
        [
            *(Conv(64, same=True, bias=False), BatchNorm(), Conv(64, same=True, bias=False), BatchNorm(), Pool()),
            *(Conv(128, same=True, bias=False), BatchNorm(), Pool(), Conv(256, same=True, bias=False), BatchNorm()),
            GlobalAverage(),
        ],
        32,
    ),
]
INFERENCE = ("784-512-512-10", "LeNet", "MNIST convnet", "CIFAR", "LSTM 128", "GRU 128")
TRAINING = ("784-512-512-10", "MNIST convnet", "CIFAR", "conv-BN", "LSTM 128", "transformer")


def chosen(names: tuple[str, ...]) -> list[Workload]:
    return [w for w in WORKLOADS if w.name.startswith(names)] + WIDE


def quantized(w: Workload, weights: list[np.ndarray], activations: str, x: np.ndarray) -> Any:
    """The workload's model in int8."""
    model = build(netlet, w, weights)
    calibration = {"calibration": x} if activations == "static" else {}
    config = quantizers.Int8Config(activations=activations, **calibration)
    model.quantize("int8", config=config, only_if_faster=False)
    return model


def file_bytes(model: Any) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.netlet"
        model.save(path)
        return path.stat().st_size


def snr(truth: np.ndarray, got: np.ndarray) -> float:
    """Signal to noise in dB."""
    return float(10 * np.log10(np.sum(truth**2) / max(np.sum((truth - got) ** 2), 1e-30)))


def inference(w: Workload, ruler: Ruler, seconds: float) -> dict[str, Row]:
    """Seconds, and for our forms the bytes of a file and the noise: {side: {column: number}}."""
    x = data(w, steps=1)[0]
    model = build(netlet, w)
    weights = model.get_weights()
    truth = model.predict_on_batch(x)
    sides: dict[str, Callable[[], Any]] = {"float32": partial(model.predict_on_batch, x)}
    answers, sizes = {}, {"float32": file_bytes(model)}
    for activations in ("dynamic", "static"):
        name, ours = f"int8 {activations}", quantized(w, weights, activations, x)
        sides[name], answers[name] = partial(ours.predict_on_batch, x), ours.predict_on_batch(x)
        sizes[name] = file_bytes(ours)
    if have("onnxruntime") and have("onnx"):
        threads, given = netlet.get_num_threads(), {"x": onnx_input(w, x)}
        sessions = {"ORT float32": onnx_session(w, weights, threads)}
        sessions |= {f"ORT int8 {name}": s for name, s in int8_sessions(w, weights, x, threads)}
        for name, session in sessions.items():
            sides[name], answers[name] = partial(session.run, None, given), session.run(None, given)[0]
    taken, floor = ruler.beside(lambda: alternate(*sides.values(), seconds=seconds))
    times = dict(zip(sides, taken, strict=True))
    print(f"\n{w.name}, {w.batch} rows; floor {floor:.0f} GFLOP/s")
    for name, t in times.items():
        base = times["ORT float32" if name.startswith("ORT") else "float32"]
        line = f"  {name:20s}{microseconds(t):>10s} us   {base / t:5.2f}x its float32"
        line += f"   SNR {snr(truth, answers[name]):5.1f} dB" if name in answers else ""
        line += f"   file {sizes[name] / sizes['float32']:.3f}" if name in sizes else ""
        print(line, flush=True)
    table = {name: {"seconds": t, "floor": floor} for name, t in times.items()}
    for name, size in sizes.items():
        table[name]["bytes"] = size
    for name, answer in answers.items():
        table[name]["snr"] = snr(truth, answer)
    return table


def training(ruler: Ruler, seconds: float) -> dict[str, Row]:
    """Seconds per training step: {workload: {policy: seconds}}, and the floor in GFLOP/s."""
    print(f"\nA training step, us\n{'':48s}{'float32':>10s}{'bfloat16':>10s}{'ratio':>8s}{'floor, GFLOP/s':>16s}")
    table = {}
    for w in chosen(TRAINING):
        x, y = data(w)
        models = {}
        for policy in ("float32", "mixed_bfloat16"):
            netlet.config.set_dtype_policy(policy)
            try:
                models[policy] = build(netlet, w)
            finally:
                netlet.config.set_dtype_policy("float32")
        works = [epochs_of(m, w, x, y, 1) for m in models.values()]
        times, floor = ruler.beside(lambda works=works: alternate(*works, seconds=seconds))
        plain, mixed = (t / w.steps for t in times)
        table[w.name] = {"float32": plain, "mixed_bfloat16": mixed, "floor": floor}
        line = f"{w.name:48s}{microseconds(plain):>10s}{microseconds(mixed):>10s}{plain / mixed:7.2f}x"
        print(line + f"{floor:16.0f}", flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="inference,accuracy,training")
    parser.add_argument("--seconds", type=float, default=1.0, help="spent on each side of each row")
    parser.add_argument("--threads", type=int, default=netlet.get_num_threads())
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", help="a file for the numbers")
    options = parser.parse_args()
    netlet.set_num_threads(options.threads)
    print(describe_machine())
    ruler = Ruler(options.threads)
    only = options.only.split(",")
    tables: dict[str, Any] = {}
    if "inference" in only:
        tables["inference"] = {w.name: inference(w, ruler, options.seconds) for w in chosen(INFERENCE)}
    if "accuracy" in only:
        tables["accuracy"] = accuracy(options.seeds)
    if "training" in only:
        tables["training"] = training(ruler, options.seconds)
    if options.json:
        write_results(options.json, tables, threads=options.threads)


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    main()

"""Exported models in ONNX Runtime: floats and each form of 8-bit codes, beside netlet itself.

    PYTHONPATH=python:bench python bench/onnx_export.py [--threads 1] [--only NAME]

Weights are those that the layers begin with. Calls alternate; the table has medians in milliseconds.
"""

from __future__ import annotations

import argparse
import functools
import pathlib
import sys
import tempfile

import numpy as np

import netlet
from netlet.commands.bench.timing import alternate
from netlet.quantizers import Int8Config
from workloads import WORKLOADS, Workload, build, data, session_of

NAMES = ("784-512-512", "LeNet", "CIFAR", "LSTM 128")
# column -> (activations of the 8-bit model, `quantized` of Model.export); None: floats
FORMS: dict[str, tuple[str, str] | None] = {
    "float32": None,
    "static qdq": ("static", "qdq"),
    "static qoperator": ("static", "qoperator"),
    "dynamic qdq": ("dynamic", "qdq"),
    "dynamic qoperator": ("dynamic", "qoperator"),
}


def exported(w: Workload, x: np.ndarray, form: tuple[str, str] | None) -> bytes:
    """The ONNX file of a workload's model."""
    netlet.utils.set_random_seed(0)
    model = build(netlet, w)
    if form is not None:
        calibration = x if form[0] == "static" else None
        model.quantize("int8", config=Int8Config(activations=form[0], calibration=calibration), only_if_faster=False)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model.onnx")
        model.export(path, quantized="qdq" if form is None else form[1])
        return path.read_bytes()


def milliseconds(w: Workload, threads: int) -> list[float]:
    """Of one batch: netlet in float32, then ONNX Runtime for each of FORMS.

    Raises:
        AssertionError: ONNX Runtime's float32 outputs are not netlet's.
    """
    x, _ = data(w, steps=1)
    netlet.utils.set_random_seed(0)
    model = build(netlet, w)
    netlet.set_num_threads(threads)
    sessions = [session_of(exported(w, x, form), threads) for form in FORMS.values()]
    feeds = [{session.get_inputs()[0].name: x} for session in sessions]
    want = model.predict_on_batch(x)
    difference = np.abs(sessions[0].run(None, feeds[0])[0] - want).max() / np.abs(want).max()
    assert difference < 1e-5, f"{w.name}: the outputs differ by {difference}"
    calls = [functools.partial(session.run, None, feed) for session, feed in zip(sessions, feeds, strict=True)]
    return [1e3 * seconds for seconds in alternate(lambda: model.predict_on_batch(x), *calls)]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the name of a network")
    options = parser.parse_args(arguments)
    print(f"{'network, batch':28}" + "".join(f"{name:>18}" for name in ("netlet float32", *FORMS)))
    for w in WORKLOADS:
        if w.name.startswith(NAMES) and options.only in w.name:
            times = "".join(f"{ms:>18.2f}" for ms in milliseconds(w, options.threads))
            print(f"{w.name[:22] + f', {w.batch}':28}{times}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

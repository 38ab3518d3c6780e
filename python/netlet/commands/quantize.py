"""`netlet quantize digits.keras`: writes a model with 8-bit or 4-bit weights."""

from __future__ import annotations

import argparse
import os
from typing import Any

from .files import READ, WRITTEN, add_output, check_output, load, size_text, step, write

EXAMPLE = """examples:
  netlet quantize digits.keras                                  writes digits-int8.netlet
  netlet quantize chat.netlet -o chat4.netlet --mode int4       weights in 4 bits, activations float
  netlet quantize digits.keras --activations static --calibration images.npy
  netlet quantize net.netlet --filters '^conv' --filters dense_1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet quantize`."""
    parser.add_argument("file", metavar="FILE", help=f"a model: {', '.join(READ)}")
    parser.add_argument(
        "-o", "--output", metavar="OUT", help=f"file to write: {', '.join(WRITTEN)} (default: FILE-MODE.netlet)"
    )
    parser.add_argument("--mode", choices=("int8", "int4"), default="int8", help="default: %(default)s")
    parser.add_argument(
        "--activations",
        choices=("dynamic", "static", "none"),
        help="int8: scales of the activations from each input (dynamic, the default) or from --calibration; none: only "
        "weights become 8-bit numbers",
    )
    parser.add_argument(
        "--calibration",
        metavar="DATA",
        help="typical inputs for static activations: an .npy array, or an .npz of one array per input name",
    )
    parser.add_argument(
        "--filters", action="append", metavar="REGEX", help="quantize only layers whose names contain this; repeatable"
    )
    parser.add_argument(
        "--only-if-faster", action="store_true", help="keep layers float that are not faster with codes on this machine"
    )
    parser.add_argument("--per-layer", action="store_true", help="print what was done with each layer")
    add_output(parser)


def run(options: argparse.Namespace) -> None:
    """Quantizes the model, and prints the sizes before and after."""
    output = options.output or f"{os.path.splitext(options.file)[0]}-{options.mode}.netlet"
    check_output(options.file, output, options.force)
    config = _config(options)
    model = load(options.file)
    with step(f"quantizing to {options.mode}"):
        model.quantize(options.mode, config, filters=options.filters, only_if_faster=options.only_if_faster)
    report = model.quantization_report()
    write(model, output)
    if options.per_layer:
        print(f"{report}\n")
    before, after = sum(row.bytes_before for row in report), sum(row.bytes_after for row in report)
    worst = min((row for row in report if row.snr_db is not None), key=lambda row: row.snr_db or 0.0, default=None)
    print(f"weights:  {size_text(before)} -> {size_text(after)}")
    print(f"file:     {size_text(os.path.getsize(options.file))} -> {size_text(os.path.getsize(output))}  {output}")
    if worst is not None:
        print(f"accuracy of the weights: {worst.snr_db:.1f} dB at worst, in '{worst.layer}'")


def _config(options: argparse.Namespace) -> Any:
    """The quantization config of the options; None for the default of the mode."""
    if options.mode == "int4":
        if options.activations not in (None, "none") or options.calibration:
            raise ValueError("--mode int4 keeps activations float: expected no --activations and no --calibration")
        return None
    if (options.activations == "static") != bool(options.calibration):
        raise ValueError("expected --activations static and --calibration DATA together, received one of them")
    from netlet.quantizers import Int8Config

    activations = None if options.activations == "none" else options.activations or "dynamic"
    return Int8Config(activations, calibration=_inputs(options.calibration) if options.calibration else None)


def _inputs(path: str) -> Any:
    """The arrays of an .npy or .npz file; those of one input alone."""
    import numpy as np

    if not path.endswith((".npy", ".npz")):
        raise ValueError(f"--calibration {path}: expected an .npy or .npz file")
    data = np.load(path, mmap_mode="r" if path.endswith(".npy") else None, allow_pickle=False)
    if isinstance(data, np.ndarray):
        return data
    arrays = {name: data[name] for name in data.files}
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays

"""`netlet export m.keras -o m.onnx`: converts a model file."""

from __future__ import annotations

import argparse
import os

from .files import READ, WRITTEN, add_output, check_output, load, size_text, write

EXAMPLE = """examples:
  netlet export digits.keras -o digits.onnx
  netlet export digits-int8.netlet -o digits.onnx --quantized qoperator --opset 21
  netlet export digits.onnx -o digits.netlet"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet export`."""
    parser.add_argument("file", metavar="FILE", help=f"a model: {', '.join(READ)}")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help=f"file to write: {', '.join(WRITTEN)}")
    parser.add_argument("--opset", type=int, help="version of ONNX's operators (default: 21)")
    parser.add_argument(
        "--quantized",
        choices=("qdq", "qoperator"),
        help="how ONNX holds quantized layers: QuantizeLinear and DequantizeLinear around float operators (default), "
        "or integer operators",
    )
    add_output(parser)


def run(options: argparse.Namespace) -> None:
    """Converts the file. The optimizer's state is not copied: the output is for inference or fine-tuning."""
    check_output(options.file, options.output, options.force)
    arguments = {"opset_version": options.opset, "quantized": options.quantized}
    arguments = {name: value for name, value in arguments.items() if value is not None}
    if arguments and not options.output.endswith(".onnx"):
        raise ValueError(f"--opset and --quantized are about .onnx files, received the output {options.output}")
    write(load(options.file), options.output, **arguments)
    sizes = [size_text(os.path.getsize(path)) for path in (options.file, options.output)]
    print(f"{options.output}: {sizes[1]} ({options.file}: {sizes[0]})")

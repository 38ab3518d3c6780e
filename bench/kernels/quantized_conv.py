"""8-bit convolutions of known networks against the float32 convolution of the same shape and ONNX Runtime's.

Names as in `conv`. "float32 out": exact sums; the peers are our float32 convolution (in a plan, weights packed before:
Winograd's where it pays) and ConvInteger. "codes out": with the requantizing last step; the peer is QLinearConv.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.harness.peers import onnx_peer
from bench.harness.row import Case, Row
from bench.kernels.conv import Shape, channels_last
from netlet import _core
from netlet.commands.bench.timing import Work

SHAPES = """
64x32x3->32k3same 64x32x32->64k3same 64x16x64->128k3same 16x14x256->256k3same 16x14x256->256k1valid 16x28x128k3same
64x28x1->6k5valid
"""


def plan_of(function: Callable[[Any], Any], x: np.ndarray) -> Work:
    """`function(x)` as a recorded plan; arrays that it captures as Tensors are constants."""
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([function(tape.input(x.shape, x.dtype.name, "x"))])
    return lambda: plan.run([x])[0][0]


def convolution(name: str, codes_out: bool) -> Case:
    shape = Shape.of(name)
    k, channels = shape.k, shape.channels
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (shape.batch, shape.size, shape.size, channels)).astype("uint8")
    w = rng.integers(-127, 128, (k, k, channels, 1 if shape.depthwise else shape.filters)).astype("int8")
    one, zero, scale, middle = np.float32(1), np.uint8(100), np.float32(2e4), np.uint8(128)
    centred, floats = x.astype("float32") - 100, w.astype("float32")
    truth = np.asarray(shape.ours(centred.astype("f8"), floats.astype("f8")))
    weights, float_weights = _core.tensor(w), _core.tensor(floats)
    function = _core.quantized_depthwise_conv if shape.depthwise else _core.quantized_conv
    options = {"out_scale": scale, "out_zero": middle} if codes_out else {}

    def ours(x: Any) -> Any:
        return function(x, one, zero, weights, one, None, None, *shape.steps, **options)

    first = x.transpose(0, 3, 1, 2), w.transpose(2, 3, 0, 1) if shape.depthwise else w.transpose(3, 2, 0, 1)
    attributes = {
        "strides": [shape.stride] * 2,
        "pads": [shape.pads[0]] * 2 + [shape.pads[1]] * 2,
        "group": shape.groups,
    }
    flops = 2.0 * truth.size * k * k * channels / shape.groups
    if codes_out:
        constants = np.array(one), np.array(zero), first[1], np.array(one), np.array(np.int8(0)), np.array(scale)
        peers = onnx_peer("QLinearConv", first[0], *constants, np.array(middle), constants=7, **attributes)
        truth = np.clip(np.rint(truth / scale) + 128, 0, 255)
    else:
        peers = onnx_peer("ConvInteger", *first, np.array(zero), constants=2, **attributes)
    peers = {peer: channels_last(work) for peer, work in peers.items()}
    if not codes_out:
        peers["float32"] = plan_of(lambda x: shape.ours(x, float_weights), centred)
    return Case(
        ours=ours, on=[x], truth=truth, peers=peers, flops=flops, floor="float32", rtol=1e-5, atol=1 if codes_out else 2
    )


def rows() -> Iterator[Row]:
    for shape in SHAPES.split():
        for codes_out in (False, True):
            yield Row(f"int8 {shape} {'codes' if codes_out else 'float32'} out", partial(convolution, shape, codes_out))

"""Every layer's ONNX operators compute what the layer computes, in ONNX Runtime and in the reference evaluator."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from support.exported import assert_same_outputs, exported, small_weights
from support.layer_cases import ONE_INPUT, SPATIAL, TWO_INPUTS

REFUSED = {"MelSpectrogram"}  # op `stft`
NO_KERNEL = {"Conv2D-1"}  # ONNX Runtime has no Conv of float64


def seeded(name):
    return np.random.default_rng(sum(map(ord, name)))


CASES = [(name, i, (6,), make) for name, makes in ONE_INPUT.items() for i, make in enumerate(makes)]
CASES += [(name, i, shape, make) for name, (shape, makes) in SPATIAL.items() for i, make in enumerate(makes)]


@pytest.mark.parametrize(
    ("name", "i", "shape", "make"),
    [pytest.param(*case, id=f"{case[0]}-{case[1]}") for case in CASES if case[0] not in REFUSED],
)
def test_a_layer(name, i, shape, make, tmp_path):
    model = small_weights(netlet.Sequential([netlet.Input(shape), make()]))
    x = seeded(name).standard_normal((2, *shape)).astype("float32")
    proto = exported(model, tmp_path)
    assert_same_outputs(model, proto, [x], runtime=f"{name}-{i}" not in NO_KERNEL)


@pytest.mark.parametrize("make", [pytest.param(m, id=n) for n, ms in TWO_INPUTS.items() for m in ms])
def test_a_layer_with_two_inputs(make, tmp_path):
    a, b = netlet.Input((6,)), netlet.Input((6,))
    model = netlet.Model([a, b], make()([a, b]))
    x, y = seeded("two").standard_normal((2, 4, 6)).astype("float32")
    assert_same_outputs(model, exported(model, tmp_path), [x, y])


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_layer_without_an_onnx_form_is_named(name, tmp_path):
    shape, makes = SPATIAL.get(name, ((6,), ONE_INPUT.get(name)))
    model = netlet.Sequential([netlet.Input(shape), layers.Dense(6), makes[0]()])
    with pytest.raises(NotImplementedError, match=rf"'{model.layers[-1].name}' \({name}\)"):
        model.export(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()

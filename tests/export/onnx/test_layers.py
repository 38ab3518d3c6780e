"""Every layer's ONNX operators compute what the layer computes, in ONNX Runtime and in the reference evaluator."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from support.exported import assert_same_outputs, exported, random_weights
from support.layer_cases import AUGMENTATION, ON_THE_HOST, ONE_INPUT, SPATIAL, TWO_INPUTS, WORDS

NO_KERNEL = {"Conv2D-1"}  # ONNX Runtime has no Conv of float64


def seeded(name):
    return np.random.default_rng(sum(map(ord, name)))


CASES = [(name, i, (6,), make) for name, makes in ONE_INPUT.items() for i, make in enumerate(makes)]
CASES += [(name, i, shape, make) for name, (shape, makes) in SPATIAL.items() for i, make in enumerate(makes)]


@pytest.mark.parametrize(
    ("name", "i", "shape", "make"),
    [pytest.param(*case, id=f"{case[0]}-{case[1]}") for case in CASES],
)
def test_a_layer(name, i, shape, make, tmp_path):
    model = random_weights(netlet.Sequential([netlet.Input(shape), make()]))
    x = seeded(name).standard_normal((2, *shape)).astype("float32")
    proto = exported(model, tmp_path)
    assert_same_outputs(model, proto, [x], runtime=f"{name}-{i}" not in NO_KERNEL)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_limits_of_a_fused_relu6_have_the_dtype_of_the_product(dtype, tmp_path):
    model = random_weights(netlet.Sequential([netlet.Input((6,), dtype=dtype), layers.Dense(9, "relu6", dtype=dtype)]))
    x = 4 * seeded("relu6").standard_normal((5, 6)).astype(dtype)
    assert model.predict(x, verbose=0).max() == 6
    assert_same_outputs(model, exported(model, tmp_path), [x])


@pytest.mark.parametrize("make", [pytest.param(m, id=n) for n, ms in TWO_INPUTS.items() for m in ms])
def test_a_layer_with_two_inputs(make, tmp_path):
    a, b = netlet.Input((6,)), netlet.Input((6,))
    model = netlet.Model([a, b], make()([a, b]))
    x, y = seeded("two").standard_normal((2, 4, 6)).astype("float32")
    assert_same_outputs(model, exported(model, tmp_path), [x, y])


@pytest.mark.parametrize("name", sorted(set(ON_THE_HOST) - {"IntegerLookup"}))
def test_a_layer_without_an_onnx_form_is_named(name, tmp_path):
    data, make = ON_THE_HOST[name][0]
    dtype = "string" if data is WORDS else "int64"
    model = netlet.Sequential([netlet.Input((1,), dtype=dtype), make(), layers.Rescaling(0.5)])
    with pytest.raises(NotImplementedError, match=rf"1 part\(s\).*'{model.layers[0].name}' \({name}\)"):
        model.export(tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


# What these do at inference has no formula of ops: they look at the values of an image.
TONES = {"AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization"}


@pytest.mark.parametrize("name", AUGMENTATION)
def test_a_layer_of_images(name, tmp_path):
    model = netlet.Sequential([netlet.Input((16, 16, 3)), AUGMENTATION[name]()])
    if name in TONES:
        with pytest.raises(NotImplementedError, match=rf"'{model.layers[0].name}' \({name}\)"):
            model.export(tmp_path / "model.onnx")
    else:
        x = seeded(name).uniform(size=(2, 16, 16, 3)).astype("float32")
        assert_same_outputs(model, exported(model, tmp_path), [x])

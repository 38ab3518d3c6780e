"""Every layer is restored unchanged from a file."""

from __future__ import annotations

import json

import pytest

import netlet
from netlet import layers
from support.layer_cases import AUGMENTATION, NO_CASE, ON_THE_HOST, ONE_INPUT, SPATIAL, TWO_INPUTS, WORDS
from support.saved import RNG, assert_same, random_weights, trip


@pytest.mark.parametrize("name", AUGMENTATION)
def test_a_layer_of_images(name, tmp_path):
    model = netlet.Sequential([netlet.Input((16, 16, 3)), AUGMENTATION[name]()])
    again = trip(model, tmp_path)
    assert_same(model, again, RNG.uniform(size=(2, 16, 16, 3)).astype("float32"))
    if name != "Pipeline":  # its layers say where they were built
        first, second = (json.loads(json.dumps(m.layers[-1].get_config())) for m in (model, again))
        assert first == second


def test_every_layer_has_a_case():
    """A new layer must be added to the cases here, so that its loading is tested."""
    classes = {getattr(layers, name).__name__ for name in layers.__all__ if name[0].isupper()}
    assert classes == set(AUGMENTATION) | set(ONE_INPUT) | set(SPATIAL) | set(TWO_INPUTS) | set(ON_THE_HOST) | NO_CASE


@pytest.mark.parametrize(
    "make", [pytest.param(m, id=f"{n}-{i}") for n, ms in ONE_INPUT.items() for i, m in enumerate(ms)]
)
def test_a_layer_with_one_input(make, tmp_path):
    model = random_weights(netlet.Sequential([netlet.Input((6,)), make()]))
    x = RNG.standard_normal((4, 6)).astype("float32")
    assert_same(model, trip(model, tmp_path), x)


@pytest.mark.parametrize(
    ("shape", "make"),
    [pytest.param(shape, m, id=f"{n}-{i}") for n, (shape, ms) in SPATIAL.items() for i, m in enumerate(ms)],
)
def test_a_layer_with_spatial_axes(shape, make, tmp_path):
    model = random_weights(netlet.Sequential([netlet.Input(shape), make()]))
    x = RNG.standard_normal((2, *shape)).astype("float32")
    assert_same(model, trip(model, tmp_path), x)


@pytest.mark.parametrize("make", [pytest.param(m, id=n) for n, ms in TWO_INPUTS.items() for m in ms])
def test_a_layer_with_two_inputs(make, tmp_path):
    a, b = netlet.Input((6,)), netlet.Input((6,))
    model = netlet.Model([a, b], make()([a, b]))
    x, y = RNG.standard_normal((2, 4, 6)).astype("float32")
    assert_same(model, trip(model, tmp_path), x, y)


@pytest.mark.parametrize(
    ("data", "make"), [pytest.param(*c, id=f"{n}-{i}") for n, cs in ON_THE_HOST.items() for i, c in enumerate(cs)]
)
def test_a_layer_that_runs_in_python(data, make, tmp_path):
    dtype = "string" if data is WORDS else "int64"
    layer = make()
    model = netlet.Sequential([netlet.Input((1,), dtype=dtype), layer, layers.Rescaling(0.5)])
    assert_same(model, trip(model, tmp_path), data)
    assert layer(data).numpy().any()

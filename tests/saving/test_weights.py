"""Weight files: saving, loading, errors."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers
from netlet.saving.netlet_file.container import Container
from support.saved import random_weights, small


def test_weights_alone(tmp_path):
    model, other = random_weights(small()), small()
    path = tmp_path / "m.weights.netlet"
    model.save_weights(path)
    other.load_weights(path)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="holds weights only"):
        netlet.models.load_model(path)


def test_weights_out_of_a_whole_model(tmp_path):
    model, other = random_weights(small()), small()
    model.save(tmp_path / "m.netlet")
    other.load_weights(tmp_path / "m.netlet")
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_weights_go_by_order_and_not_by_name(tmp_path):
    """Names are numbered within a process ("dense_7"), so running the same script twice gives different names."""

    def make():
        return netlet.Sequential([netlet.Input((4,)), layers.Dense(3), layers.Dense(2)])

    one, two = random_weights(make()), make()
    assert one.weights[0].path != two.weights[0].path
    one.save_weights(tmp_path / "m.weights.netlet")
    two.load_weights(tmp_path / "m.weights.netlet")
    np.testing.assert_array_equal(one.get_weights()[2], two.get_weights()[2])


def on_four_inputs(*stack):
    return netlet.Sequential([netlet.Input((4,)), *stack])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            lambda: netlet.Sequential([netlet.Input((4,)), layers.Dense(3)]),
            r"expected shape \(4, 3\), the file has \(4, 2\)",
        ),
        (
            lambda: netlet.Sequential([netlet.Input((4,)), layers.Dense(2), layers.Dense(2)]),
            "expected 4 weights, received 2",
        ),
        (
            lambda: netlet.Sequential([netlet.Input((4,)), layers.Dense(2, use_bias=False)]),
            "expected 1 weights, received 2",
        ),
        (lambda: netlet.Sequential([layers.Dense(2)]), "Build it first"),
    ],
    ids=["shape", "more", "fewer", "not built"],
)
def test_weights_that_do_not_fit(other, message, tmp_path):
    path = tmp_path / "m.weights.netlet"
    small().save_weights(path)
    model = other()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_damaged_weights_leave_the_model_as_it_was(tmp_path):
    path = tmp_path / "m.weights.netlet"
    random_weights(small()).save_weights(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # in the last array
    path.write_bytes(content)
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"bytes of array .* have changed"):
        model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_skip_mismatch_takes_what_fits(tmp_path):
    def make(classes):
        body = [netlet.Input((4,)), layers.Dense(3, name="body"), layers.Dense(classes, name="head")]
        return netlet.Sequential(body, name=f"classes_{classes}")

    old, new = random_weights(make(10)), make(5)
    head = new.get_layer("head").get_weights()
    old.save_weights(tmp_path / "m.weights.netlet")
    with pytest.warns(UserWarning, match="head/kernel"), pytest.warns(UserWarning, match="head/bias"):
        new.load_weights(tmp_path / "m.weights.netlet", skip_mismatch=True)
    np.testing.assert_array_equal(new.get_layer("body").get_weights()[0], old.get_layer("body").get_weights()[0])
    np.testing.assert_array_equal(new.get_layer("head").get_weights()[0], head[0])


def test_float32_weights_into_float64(tmp_path):
    small().save_weights(tmp_path / "m.weights.netlet")
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(2, dtype="float64")])
    model.load_weights(tmp_path / "m.weights.netlet")
    assert model.get_weights()[0].dtype == np.float64


def test_saving_weights_of_a_model_without_any(tmp_path):
    with pytest.raises(ValueError, match="no weights to save yet"):
        netlet.Sequential([layers.Dense(2)]).save_weights(tmp_path / "m.weights.netlet")


def test_what_stands_in_the_file(tmp_path):
    """Other tools can read the file: plain names, plain arrays."""
    small().save(tmp_path / "m.netlet")
    file = Container(str(tmp_path / "m.netlet"))
    assert file.names == {"weights/small/out/kernel", "weights/small/out/bias"} or file.names == {
        "weights/out/kernel",
        "weights/out/bias",
    }
    assert file.document["kind"] == "model"
    assert file.document["netlet"] == netlet.__version__
    assert file.document["model"]["class_name"] == "Sequential"

"""Training with the CTC loss: a convolutional network learns to read strips of glyphs; invalid labels raise errors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import layers, losses, ops
from support.keras64 import float64

GLYPHS = 6
FRAMES, HEIGHT, LONGEST = 40, 7, 5


def strips(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (rows, frames, height) of up to five glyphs in noise, and their labels (rows, 5), padded with 0.

    Each glyph is 5 to 7 columns wide and at a random position.
    """
    glyphs = np.random.default_rng(99).normal(size=(GLYPHS, 5, HEIGHT))
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, FRAMES, HEIGHT)) * 0.2
    y = np.zeros((rows, LONGEST), "int32")
    for row in range(rows):
        at = 0
        for i in range(rng.integers(1, LONGEST + 1)):
            at += rng.integers(0, 3)
            which = rng.integers(0, GLYPHS)
            x[row, at : at + 5] += glyphs[which]
            y[row, i] = which + 1
            at += 6
    return x.astype("float32"), y


def reader(m, dtype="float32"):
    return m.Sequential(
        [
            m.Input((FRAMES, HEIGHT), dtype=dtype),
            m.layers.Conv1D(32, 7, padding="same", activation="relu", dtype=dtype),
            m.layers.Conv1D(32, 3, padding="same", activation="relu", dtype=dtype),
            m.layers.Dense(GLYPHS + 1, dtype=dtype),
        ]
    )


def read(model, x: np.ndarray) -> np.ndarray:
    labels, _ = ops.ctc_decode(model.predict(x, verbose=0), np.full(len(x), FRAMES))
    return np.maximum(labels[0, :, :LONGEST], 0)


@pytest.mark.parametrize("loss", ["ctc", losses.CTC()], ids=["name", "object"])
def test_a_network_learns_to_read(loss):
    netlet.utils.set_random_seed(1)
    model = reader(netlet)
    model.compile(netlet.optimizers.Adam(3e-3), loss)
    history = model.fit(*strips(0, 600), epochs=16, batch_size=20, verbose=0).history["loss"]
    assert history[-1] < 0.05 * history[0]
    x, y = strips(1, 100)
    assert (read(model, x) == y).all(1).mean() == 1.0
    beam, _ = ops.ctc_decode(model.predict(x, verbose=0), np.full(len(x), FRAMES), "beam_search", beam_width=10)
    np.testing.assert_array_equal(np.maximum(beam[0, :, :LONGEST], 0), y)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_three_steps_are_kerass(weighted):
    x, y = strips(2, 8)
    x = x.astype("float64")
    w = np.random.default_rng(3).uniform(0.5, 2, 8) if weighted else None
    with float64():
        theirs = reader(keras, "float64")
        theirs.compile(keras.optimizers.SGD(0.01), keras.losses.CTC())
        start = theirs.get_weights()
        want = [np.asarray(theirs.train_on_batch(x, y, sample_weight=w)) for _ in range(3)]
        for eagerly in (False, True):
            ours = reader(netlet, "float64")
            ours.set_weights(start)
            ours.compile(netlet.optimizers.SGD(0.01), "ctc", run_eagerly=eagerly)
            got = [ours.train_on_batch(x, y, sample_weight=w) for _ in range(3)]
            np.testing.assert_allclose(got, want, rtol=1e-9)
            for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-11)


def test_threads_do_not_change_the_weights(threads):
    x, y = strips(4, 64)
    weights = []
    for count in (threads, 1):
        netlet.set_num_threads(count)
        netlet.utils.set_random_seed(2)
        model = reader(netlet)
        model.compile("adam", "ctc")
        model.fit(x, y, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def one_row(row, *labels):
    y = strips(5, 12)[1]
    y = np.pad(y, ((0, 0), (0, 45 - LONGEST)))
    y[row] = 0
    y[row, : len(labels)] = labels
    return y


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (one_row(3, *[1, 2] * 21), r"'\w+' has 40 time steps; the 42 labels of row 3 need 42"),
        (one_row(7, *[1] * 21), r"has 40 time steps; the 21 labels of row 7 and a blank between equal ones need 41"),
        (one_row(2, 1, 7), r"has 7 classes, so labels are 1 to 6.*row 2 has \[1, 7"),
        (one_row(11, -1), r"row 11 has \[-1"),
        (one_row(5, 1, 0, 2), r"0 is only padding at the end; row 5 has \[1, 0, 2"),
        (np.zeros((12, 3, 2), "int32"), r"expected y_true of shape \(batch, max_length\), received"),
        (np.zeros(12, "int32"), r"expected y_true of shape \(batch, max_length\)"),
    ],
)
def test_what_cannot_be_learnt_is_refused(y, message):
    x = strips(5, 12)[0]
    model = reader(netlet)
    model.compile("sgd", "ctc")
    before = model.get_weights()
    for call in (lambda: model.fit(x, y, verbose=0), lambda: model.train_on_batch(x, y), lambda: model.evaluate(x, y)):
        with pytest.raises(ValueError, match=message):
            call()
    model.train_on_batch(x, one_row(0, 1))  # the labels of a repeated step are checked too
    model.set_weights(before)
    with pytest.raises(ValueError, match=message):
        model.train_on_batch(x, y)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.fit(x, one_row(0, 1), verbose=0)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (one_row(3, *[1, 2] * 21), r"at most 40 labels in sample \d+, one per time step, received 42"),
        (one_row(2, 1, 7), r"labels in \[0, 7\).*received 7 at \(\d+, 1\)"),
        (one_row(5, 1, 0, 2), r"label 0 at \(\d+, 1\) is the blank"),
    ],
)
def test_eager_steps_refuse_it_too(y, message):
    model = reader(netlet)
    model.compile("sgd", "ctc", run_eagerly=True)
    with pytest.raises(ValueError, match=message):
        model.fit(strips(5, 12)[0], y, verbose=0)


def test_flat_predictions_are_refused():
    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(3)])
    model.compile("sgd", "ctc")
    expected = r"expected logits y_pred of shape \(batch, frames, classes\), received \(2, 3\)"
    with pytest.raises(ValueError, match=expected):
        model.fit(np.zeros((2, 4)), np.ones((2, 1), "int32"), verbose=0)


def test_a_model_with_the_loss_is_saved_and_goes_on(tmp_path):
    x, y = strips(6, 16)
    model = reader(netlet)
    model.compile("adam", losses.CTC(reduction="sum"))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "reader.netlet")
    again = netlet.models.load_model(tmp_path / "reader.netlet")
    assert isinstance(again.loss, losses.CTC)
    assert again.loss.reduction == "sum"
    assert again.train_on_batch(x, y) == model.train_on_batch(x, y)

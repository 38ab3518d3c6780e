"""LearningRateFinder: its sweep, its suggestion, and that it leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, optimizers
from netlet.callbacks import LearningRateFinder


def data(rows=64):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 4)).astype("float32")
    return x, x @ rng.normal(size=(4, 2)).astype("float32")


def model(optimizer=None):
    netlet.utils.set_random_seed(0)
    made = netlet.Sequential(
        [layers.Input((4,)), layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(2)]
    )
    made.compile(optimizer or optimizers.Adam(0.0625), "mse", metrics=["mae"])
    return made


def sweep(finder, made=None, **options):
    made = made or model()
    options = {"batch_size": 4, "epochs": 10, "verbose": 0, **options}
    made.fit(*data(), callbacks=[finder], **options)
    return made


def test_the_rates_are_a_geometric_sequence_up_to_the_last():
    finder = LearningRateFinder(1e-5, 1e-1, steps=40, divergence=None)
    made = sweep(finder)
    np.testing.assert_allclose(finder.learning_rates, np.geomspace(1e-5, 1e-1, 40))
    assert len(finder.losses) == 40 and made.stop_training


def test_losses_are_averages_of_the_batches_losses():
    finder = LearningRateFinder(1e-9, 2e-9, steps=20, smoothing=0.75, divergence=None)
    made = model(optimizers.SGD(0.0625))
    made.layers[2].rate = 0.0
    sweep(finder, made, shuffle=False, epochs=2)
    x, y = data()
    twin = model(optimizers.SGD(0.0))
    twin.layers[2].rate = 0.0
    losses = [twin.train_on_batch(x[i : i + 4], y[i : i + 4])[0] for i in [*range(0, 64, 4), *range(0, 16, 4)]]
    average, expected = 0.0, []
    for n, loss in enumerate(losses, 1):
        average = 0.75 * average + 0.25 * loss
        expected.append(average / (1 - 0.75**n))
    np.testing.assert_allclose(finder.losses, expected, rtol=1e-4)


@pytest.mark.parametrize("built", [False, True])
def test_it_leaves_no_trace(built):
    x, y = data()
    results = []
    for finds in (False, True):
        made = model(optimizers.Adam(0.0625, use_ema=True))
        if built:
            made.fit(x, y, batch_size=4, epochs=2, verbose=0)
        if finds:
            sweep(LearningRateFinder(1e-5, 10.0, steps=60), made)
        history = made.fit(x, y, batch_size=4, epochs=2, verbose=0).history
        results.append(
            [*history["loss"], *history["mae"], *(v.numpy() for v in [*made.variables, *made.optimizer.variables])]
        )
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_ends_when_the_loss_diverges_or_is_not_finite():
    finder = LearningRateFinder(1e-4, 1e8, steps=60, divergence=3.0)
    made = sweep(finder, model(optimizers.SGD(0.0625)))
    assert 3 < len(finder.losses) < 60 and finder.losses[-1] > 3 * min(finder.losses)
    finder = LearningRateFinder(1.0, 1e30, steps=20, divergence=None)
    sweep(finder, made)
    assert len(finder.losses) == len(finder.learning_rates) < 20 and np.isfinite(finder.losses).all()
    assert all(np.isfinite(w).all() for w in made.get_weights())


def test_the_suggestion_is_where_the_loss_falls_fastest():
    finder = LearningRateFinder()
    finder.learning_rates = list(np.geomspace(1e-6, 1e2, 9))
    finder.losses = [5.0, 5.0, 4.9, 4.5, 3.0, 1.5, 1.2, 3.0, 90.0]
    assert finder.suggestion() == finder.learning_rates[4]
    finder.losses = finder.losses[:2]
    with pytest.raises(ValueError, match="at least 3 finite losses"):
        finder.suggestion()


def test_it_trains_with_the_suggestion():
    made, finder = model(), LearningRateFinder(1e-6, 10.0, steps=80)
    sweep(finder, made)
    made.optimizer.learning_rate = finder.suggestion()
    before = made.evaluate(*data(), verbose=0)[0]
    made.fit(*data(), epochs=20, batch_size=4, verbose=0)
    assert made.evaluate(*data(), verbose=0)[0] < 0.5 * before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_learning_rate": 0.0}, "expected 0 < min < max, received 0.0 and 10.0"),
        ({"max_learning_rate": 1e-9}, "expected 0 < min < max"),
        ({"steps": 1}, "`steps` must be an integer >= 2"),
        ({"smoothing": 1.0}, "`smoothing` must be in"),
        ({"divergence": 1.0}, "`divergence` must be above 1"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        LearningRateFinder(**options)


def test_optimizers_without_a_rate_to_set():
    schedule = optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 10, 0.5))
    several = optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizers.SGD()))
    for optimizer in (schedule, several):
        with pytest.raises(ValueError, match="expected an optimizer with a number as its learning rate"):
            sweep(LearningRateFinder(), model(optimizer))
    scaled = LearningRateFinder(1e-5, 1e-1, steps=20)
    sweep(scaled, model(optimizers.LossScaleOptimizer(optimizers.SGD())))
    assert len(scaled.losses) == 20


def test_the_plot_marks_the_suggestion():
    plt = pytest.importorskip("matplotlib.pyplot")
    finder = LearningRateFinder(1e-5, 1e-1, steps=20)
    sweep(finder)
    ax = finder.plot()
    curve, mark = ax.get_lines()
    np.testing.assert_allclose(curve.get_xydata().T, [finder.learning_rates, finder.losses])
    assert mark.get_xdata()[0] == finder.suggestion() and ax.get_xscale() == "log"
    assert finder.plot(ax) is ax
    plt.close("all")

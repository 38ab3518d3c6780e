"""Noise and dropout layers: fractions, moments, gradients, new random numbers in each step, exact resuming."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import _core, layers
from support.gradients import gradient

NOISY = {
    "Dropout": lambda: layers.Dropout(0.4),
    "AlphaDropout": lambda: layers.AlphaDropout(0.4),
    "GaussianDropout": lambda: layers.GaussianDropout(0.4),
    "GaussianNoise": lambda: layers.GaussianNoise(0.4),
    "SpatialDropout1D": lambda: layers.SpatialDropout1D(0.4),
}


@pytest.mark.parametrize(
    ("make", "shape", "axes"),
    [
        (lambda: layers.SpatialDropout1D(0.3), (300, 7, 50), (1,)),
        (lambda: layers.SpatialDropout2D(0.3), (300, 3, 2, 50), (1, 2)),
        (lambda: layers.SpatialDropout2D(0.3, data_format="channels_first"), (300, 50, 3, 2), (2, 3)),
        (lambda: layers.SpatialDropout3D(0.3), (300, 2, 3, 2, 50), (1, 2, 3)),
        (lambda: layers.SpatialDropout3D(0.3, data_format="channels_first"), (300, 50, 2, 3, 2), (2, 3, 4)),
    ],
)
def test_whole_channels_fall(make, shape, axes):
    y = make()(np.ones(shape, "float32"), training=True).numpy()
    one = y.max(axis=axes, keepdims=True)
    assert (y == one).all()
    np.testing.assert_allclose(np.unique(one), [0, 1 / 0.7], rtol=1e-6)
    # The bound is five standard deviations for 15,000 draws.
    assert abs((one == 0).mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / one.size)


def test_gaussian_noise_and_dropout_have_their_moments():
    x = np.full((400, 500), 2.0)
    n = x.size
    noise = layers.GaussianNoise(0.3, dtype="float64")(x, training=True).numpy() - x
    assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(n) and abs(noise.std() - 0.3) < 5 * 0.3 / np.sqrt(2 * n)
    factor = layers.GaussianDropout(0.2, dtype="float64")(x, training=True).numpy() / x
    assert abs(factor.mean() - 1) < 5 * 0.5 / np.sqrt(n) and abs(factor.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * n)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).standard_normal((1000, 500))
    y = layers.AlphaDropout(0.3, dtype="float64")(x, training=True).numpy()
    assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02
    values, counts = np.unique(y, return_counts=True)
    # Keras's formula, for dropped and for kept elements.
    limit = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
    a = ((1 - 0.3) * (1 + 0.3 * limit**2)) ** -0.5
    b = -a * limit * 0.3
    common = values[counts.argmax()]
    np.testing.assert_allclose(common, a * limit + b, rtol=1e-14)
    fallen = y == common
    assert abs(fallen.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / y.size)
    np.testing.assert_allclose(y[~fallen], a * x[~fallen] + b, rtol=1e-13, atol=1e-15)


def test_alpha_dropout_noise_shape():
    y = layers.AlphaDropout(0.5, noise_shape=(None, 1))(np.ones((64, 3), "float32"), training=True).numpy()
    assert (y == y[:, :1]).all() and len(np.unique(y)) == 2


@pytest.mark.parametrize("name", NOISY)
def test_gradients_follow_the_same_draw(name):
    """For given random numbers each layer is affine in x, so dx = (f(x + e) - f(x)) / e for any e; here e = 1."""
    x = np.random.default_rng(0).standard_normal((4, 5, 6))
    seed = np.random.default_rng(1).standard_normal(x.shape)
    layer = NOISY[name]()
    layer = type(layer).from_config({**layer.get_config(), "seed": 3, "dtype": "float64"})

    def f(x):
        layer.seed_generator.drawn = 0
        _core.reset_eager_streams()
        return layer(x, training=True)

    y, dx = gradient(f, x, seed)
    moved = f(x + 1.0).numpy()
    np.testing.assert_allclose(dx, seed * (moved - y), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NOISY)
def test_recorded_training_is_fresh_seeded_and_resumes(name, tmp_path, threads):
    x = np.random.default_rng(0).standard_normal((40, 4, 6)).astype("float32")
    y = np.zeros((40, 1), "float32")

    def model():
        netlet.utils.set_random_seed(7)
        m = netlet.Sequential([netlet.Input((4, 6)), NOISY[name](), layers.Flatten(), layers.Dense(1)])
        m.compile("sgd", "mse")
        return m

    a, b = model(), model()
    for m in (a, b):
        m.fit(x, y, batch_size=16, epochs=2, verbose=0, shuffle=False)
    for u, v in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(u, v)
    # With a learning rate of 0, only the noise differs between steps.
    frozen = model()
    frozen.optimizer.learning_rate = 0.0
    losses = [frozen.train_on_batch(x, y) for _ in range(3)]
    assert len(set(losses)) == 3
    a.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    for m in (a, again):
        m.fit(x, y, batch_size=16, epochs=1, verbose=0, shuffle=False)
    for u, v in zip(a.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(u, v)


@pytest.mark.parametrize("name", NOISY)
def test_nothing_happens_outside_of_training(name):
    x = np.random.default_rng(0).standard_normal((4, 5, 6)).astype("float32")
    layer = NOISY[name]()
    np.testing.assert_array_equal(layer(x).numpy(), x)
    np.testing.assert_array_equal(layer(x, training=False).numpy(), x)
    assert layer(np.zeros((0, 5, 6), "float32"), training=True).shape == (0, 5, 6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.GaussianNoise(1.5), r"expected `stddev` to be a number in \[0, 1\]"),
        (lambda: layers.GaussianDropout(-0.1), "`rate`"),
        (lambda: layers.AlphaDropout("a"), "`rate`"),
        (lambda: layers.SpatialDropout2D(0.5, data_format="NCHW"), "data_format"),
        (lambda: layers.SpatialDropout2D(0.5)(np.ones((2, 3, 4), "float32")), "axes|rank|dimension"),
        (lambda: layers.GaussianDropout(1.0)(np.ones((2, 3), "float32"), training=True), "infinite"),
        (lambda: layers.AlphaDropout(1.0)(np.ones((2, 3), "float32"), training=True), "infinite"),
        (lambda: layers.Dropout(0.5, noise_shape=(3,))(np.ones((2, 3), "float32"), training=True), "noise_shape"),
        (lambda: layers.AlphaDropout(0.5, noise_shape=(2, 2))(np.ones((2, 3), "float32"), training=True), "None, 1 or"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""netlet.random beyond what tests/ops/test_random.py checks of the native draws: host distributions, SeedGenerator."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import netlet
from netlet import _core, random, saving

LAWS = {
    "gamma": (lambda shape, **o: random.gamma(shape, 2.5, **o), scipy.stats.gamma(2.5)),
    "beta": (lambda shape, **o: random.beta(shape, 2.0, 0.5, **o), scipy.stats.beta(2.0, 0.5)),
    "small gamma": (lambda shape, **o: random.gamma(shape, 0.3, **o), scipy.stats.gamma(0.3)),
    "small beta": (lambda shape, **o: random.beta(shape, 0.2, 0.2, **o), scipy.stats.beta(0.2, 0.2)),
    "binomial": (lambda shape, **o: random.binomial(shape, 9, 0.3, **o), scipy.stats.binom(9, 0.3)),
}


@pytest.mark.parametrize("name", LAWS)
def test_host_distributions(name):
    draw, law = LAWS[name]
    values = draw((200, 100), seed=1, dtype="float64").numpy()
    assert values.mean() == pytest.approx(law.mean(), rel=0.04) and values.var() == pytest.approx(law.var(), rel=0.05)
    if name == "binomial":
        counts = np.bincount(values.astype(int).ravel(), minlength=10)
        assert scipy.stats.chisquare(counts, values.size * law.pmf(np.arange(10))).pvalue > 1e-3
    else:
        assert scipy.stats.kstest(values.ravel(), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", LAWS)
def test_seeds_and_dtypes_of_host_distributions(name):
    draw, _ = LAWS[name]
    np.testing.assert_array_equal(draw((5,), seed=3), draw((5,), seed=3))
    source = random.SeedGenerator(3)
    assert (draw((50,), seed=source).numpy() != draw((50,), seed=source).numpy()).any()
    netlet.utils.set_random_seed(1)
    first = draw((50,)).numpy()
    netlet.utils.set_random_seed(1)
    np.testing.assert_array_equal(first, draw((50,)))
    assert draw((2,)).dtype == "float32" and draw((2,), dtype="float16").dtype == "float16"


def test_parameters_broadcast_and_are_checked():
    assert random.gamma((1000, 2), [0.1, 100.0], seed=1).numpy().mean(0).round(-1).tolist() == [0.0, 100.0]
    assert random.binomial((2, 2), [[1], [3]], [1.0, 0.0], seed=1).tolist() == [[1, 0], [3, 0]]
    for call in (
        lambda: random.gamma((2,), -1.0),
        lambda: random.beta((2,), 1.0, [1.0, 2.0, 3.0]),
        lambda: random.binomial((2,), 3, 1.5),
    ):
        with pytest.raises(ValueError, match=r"^random\.(gamma|beta|binomial): "):
            call()


def test_a_recorded_step_draws_anew():
    class Noisy(netlet.layers.Layer):
        def __init__(self, draw):
            super().__init__()
            self.draw = draw

        def build(self, input_shape):
            self.last = self.add_weight(shape=(500,), initializer="zeros", trainable=False, name="last")

        def call(self, x):
            drawn = self.draw((500,))
            self.last.assign(drawn)
            return x * drawn[:2]

    x = np.ones((4, 2), "float32")

    def fitted(draw):
        netlet.utils.set_random_seed(2)
        model = netlet.Sequential([Noisy(draw), netlet.layers.Dense(1)])
        model.compile("sgd", "mse")
        found = []
        for _ in range(3):
            model.train_on_batch(x, x[:, :1])
            found.append(model.layers[0].last.numpy().copy())
        return np.array(found)

    for draw, law in (
        (lambda shape: random.beta(shape, 0.4, 1.5, seed=random.SeedGenerator(3)), scipy.stats.beta(0.4, 1.5)),
        (lambda shape: random.gamma(shape, 2.0), scipy.stats.gamma(2.0)),
    ):
        found = fitted(draw)
        np.testing.assert_array_equal(found, fitted(draw))
        assert len(np.unique(found[:, 0])) == 3 and scipy.stats.kstest(found.ravel(), law.cdf).pvalue > 1e-3
    for seed, different in ((None, 3), (random.SeedGenerator(3), 3), (7, 1)):
        found = fitted(lambda shape, seed=seed: random.binomial(shape, 1000, 0.5, seed=seed))
        np.testing.assert_array_equal(
            found, fitted(lambda shape, seed=seed: random.binomial(shape, 1000, 0.5, seed=seed))
        )
        assert len(np.unique(found, axis=0)) == different and abs(found.mean() - 500) < 3
    np.testing.assert_array_equal(found[0], random.binomial((500,), 1000, 0.5, seed=7).numpy())


def test_binomials_of_what_a_recorded_step_computes():
    tape = _core.Tape(record=True)
    with tape:
        p = tape.input((3,), "float64", "p")
        plan = tape.compile([random.binomial((3,), 10, p, dtype="int32", seed=1)])
    (y,) = plan.run([np.array([0.0, 1.0, 0.5])])[0]
    assert y.dtype == np.int32 and y[:2].tolist() == [0, 10] and 0 <= y[2] <= 10
    with pytest.raises(ValueError, match=r"^random\.binomial: "):
        plan.run([np.array([0.0, 2.0, 0.5])])


def test_dropout_of_everything_and_of_halves():
    x = np.ones((3, 4), "float16")
    y = random.dropout(x, 0.5, seed=1)
    assert y.dtype == "float16" and set(y.numpy().ravel().tolist()) <= {0.0, 2.0}
    assert random.dropout(np.full((2, 2), np.nan, "float32"), 1.0).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match="noise_shape"):
        random.dropout(x, 1.0, noise_shape=(2, 4))
    with pytest.raises(ValueError, match="rate"):
        random.dropout(x, 1.5)


@pytest.mark.parametrize("dtype", ["float32", "bool", "float16"])
def test_randint_gives_integers(dtype):
    with pytest.raises(ValueError, match=f"an integer dtype, received '{dtype}'"):
        random.randint((2,), 0, 5, dtype)


def test_state_of_a_seed_generator():
    source = random.SeedGenerator(42)
    assert source.state.tolist() == [42, 0]
    source.next()
    assert source.state.tolist() == [42, 1]


def test_seed_generators_in_configs():
    source = random.SeedGenerator(5)
    config = saving.serialize_keras_object(source)
    assert saving.deserialize_keras_object(config).next() == random.SeedGenerator(5).next()
    initializer = netlet.initializers.RandomNormal(seed=random.SeedGenerator(5))
    again = netlet.initializers.get(netlet.initializers.serialize(initializer))
    np.testing.assert_array_equal(initializer((3,)), again((3,)))
    layer = netlet.layers.Dense(2, kernel_initializer=initializer)
    assert type(layer).from_config(layer.get_config()).kernel_initializer.seed.seed == 5


def test_a_tensor_is_an_initial_value():
    layer = netlet.layers.Dense(2, kernel_initializer=netlet.ops.ones((3, 2)))
    layer.build((None, 3))
    assert layer.kernel.numpy().tolist() == [[1, 1]] * 3


def test_a_recorded_step_reads_the_parameter_of_gamma_anew():
    class Draws(netlet.layers.Layer):
        def build(self, shape):
            self.alpha = self.add_weight(shape=(), initializer="ones", trainable=False)

        def call(self, x):
            return x + netlet.random.gamma((1, 1), self.alpha)

    model = netlet.Sequential([netlet.Input((1,)), Draws()])
    for alpha in (1e4, 1e8):
        model.layers[0].alpha.assign(alpha)
        np.testing.assert_allclose(model.predict(np.zeros((2, 1)), verbose=0), alpha, rtol=0.1)

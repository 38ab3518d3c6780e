"""Random numbers: uniform ones follow Philox exactly; normal ones are the quantiles of uniform ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

import netlet
from netlet import _core, random
from ops.test_dropout import philox

SIZES = [1, 15, 63, 64, 65, 1000, 20_000]


def words(seed, stream, step, groups):
    """Philox words (len(groups), 64): element 16 w + l of group g is word w of block 16 g + l."""
    blocks = (groups[:, None] * 16 + np.arange(16)).reshape(-1)
    w = philox(seed, stream, step, blocks).reshape(len(groups), 16, 4).transpose(0, 2, 1)
    return w.reshape(len(groups), 64).astype(np.float64)


def unit(dtype, seed, size, stream=0, step=0):
    """The uniform numbers in [0, 1) from which all others are computed, and half of their spacing."""
    g = np.arange(-(-size // 64))
    if dtype == "float32":
        return (words(seed, stream, step, g) // 2**8).reshape(-1)[:size] / 2**24, 2.0**-25
    high, low = words(seed, stream, step, 2 * g) // 2**5, words(seed, stream, step, 2 * g + 1) // 2**6
    return ((high * 2**26 + low) / 2**53).reshape(-1)[:size], 2.0**-54


def quantile(u, half, cut=0.0):
    upper = u >= 0.5
    q = np.where(upper, (1 - u) - half, u + half)
    return np.where(upper, -1, 1) * special.ndtri(cut + q * (1 - 2 * cut))


def recorded(distribution, shape, dtype, a, b, seed, fresh=True, steps=1, before=0):
    """The results of a random op in a recorded step, one for each step, with `before` other random ops before it."""
    cell = _core.tensor(np.zeros(1, np.int64))
    tape = _core.Tape(record=True)
    tape.set_step(cell)
    with tape:
        for _ in range(before):
            _core.random("uniform", (3,), "float32", 0.0, 1.0, seed, True)
        y = _core.random(distribution, shape, dtype, a, b, seed, fresh)
        _core.increment(cell)
        plan = tape.compile([y])
    return [plan.run([])[0][0].copy() for _ in range(steps)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_uniform_numbers_word_for_word(isa, threads, dtype, size):
    T = np.dtype(dtype).type
    for step, y in enumerate(recorded("uniform", (size,), dtype, -1.5, 2.0, 0x9876543210, steps=2, before=1)):
        u, _ = unit(dtype, 0x9876543210, size, stream=1, step=step)
        assert y.dtype == dtype
        np.testing.assert_array_equal(y, T(-1.5) + T(3.5) * u.astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("distribution", ["normal", "truncated_normal"])
def test_normal_numbers_are_quantiles_of_the_uniform_ones(isa, dtype, distribution):
    cut = special.ndtr(-2.0) if distribution == "truncated_normal" else 0.0
    y = _core.random(distribution, (100_000,), dtype, 0.0, 1.0, 7, False).numpy()
    expected = quantile(*unit(dtype, 7, y.size), cut)
    # Both sides round Phi(z), by about 2^-24 or 2^-53. Divided by the density, phi(2) = 0.05 ... phi(5) = 1e-6, this is
    # the error of z. Since Phi is relatively accurate in the tail, that error is a few ULP of z.
    u = np.finfo(dtype).eps
    np.testing.assert_allclose(y, expected, rtol=8 * u, atol=4 * u)
    if cut:
        assert np.abs(y).max() <= 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quantiles_over_all_scales(isa, dtype):
    """Scale and offset are applied to the normal numbers; the tails are as accurate as the middle."""
    y = _core.random("normal", (3, 50, 77), dtype, 10.0, 0.5, 3, False).numpy()
    z = quantile(*unit(dtype, 3, y.size)).reshape(y.shape)
    np.testing.assert_allclose(y, 10 + 0.5 * z, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("distribution", ["uniform", "normal", "truncated_normal"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_bits_for_any_number_of_threads_and_position(threads, distribution, dtype):
    whole = _core.random(distribution, (70_001,), dtype, 0.25, 2.0, 5, False).numpy()
    for size in (1, 63, 64, 65, 1001):
        part = _core.random(distribution, (size,), dtype, 0.25, 2.0, 5, False).numpy()
        np.testing.assert_array_equal(part, whole[:size])
    _core.set_num_threads(1)
    np.testing.assert_array_equal(_core.random(distribution, (70_001,), dtype, 0.25, 2.0, 5, False).numpy(), whole)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(1.0, 2.0), (-1e-30, 1.0), (100.0, 100.00001), (3.0, 3.0), (2.0, 1.0)])
def test_the_upper_end_is_open(isa, dtype, low, high):
    y = _core.random("uniform", (200_000,), dtype, low, high, 1, False).numpy()
    T = np.dtype(dtype).type
    assert y.min() >= min(T(low), T(high)) and y.max() <= max(T(low), T(high))
    if T(low) < T(high):
        assert y.max() < T(high)


def test_empty_shapes():
    assert _core.random("normal", (0, 3), "float32", 0.0, 1.0, 1, False).shape == (0, 3)
    assert random.uniform((), seed=1).shape == ()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: _core.random("cauchy", (2,), "float32", 0.0, 1.0, 1, False), ValueError, "cauchy"),
        (lambda: _core.random("normal", (2,), "int32", 0.0, 1.0, 1, False), TypeError, "int32"),
        (lambda: random.normal((2,), mean=np.nan), ValueError, "finite"),
        (lambda: random.uniform((2,), 0.0, np.inf), ValueError, "finite"),
        (lambda: random.normal((2, -1)), ValueError, "negative"),
        (lambda: random.randint((2,), 3, 3), ValueError, "minval < maxval"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- netlet.random ---------------------------------------------------------------------------------------------------
def test_distributions_of_float32():
    for y, law in [
        (random.normal((200_000,), 1.0, 2.0, seed=4), stats.norm(1, 2)),
        (random.uniform((200_000,), -1.0, 3.0, seed=4), stats.uniform(-1, 4)),
        (random.truncated_normal((200_000,), 0.0, 2.0, seed=4), stats.truncnorm(-2, 2, scale=2)),
    ]:
        assert y.dtype == np.float32
        assert stats.kstest(y.astype("float64"), law.cdf).pvalue > 1e-3


def test_an_integer_seed_repeats_a_generator_moves_on():
    generator = random.SeedGenerator(1)
    for draw in (random.uniform, random.normal, random.truncated_normal):
        np.testing.assert_array_equal(draw((5,), seed=3), draw((5,), seed=3))
        assert (draw((5,), seed=generator) != draw((5,), seed=generator)).all()
        assert (draw((5,)) != draw((5,))).all()
    netlet.utils.set_random_seed(1)
    a = random.uniform((5,))
    netlet.utils.set_random_seed(1)
    np.testing.assert_array_equal(random.uniform((5,)), a)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float16", "bfloat16", "float32", "float64"])
def test_types(dtype):
    y = random.uniform((1000,), 0, 7, dtype, seed=1)
    assert y.dtype.name == dtype and y.min() >= 0 and y.max() <= 7
    assert y.std() > 1.5


def test_randint_and_categorical_have_the_right_shares():
    counts = np.bincount(random.randint((60_000,), 10, 16, seed=1) - 10)
    assert stats.chisquare(counts).pvalue > 1e-3
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
    y = random.categorical(np.log(p).astype("float32"), 20_000, seed=2)
    assert y.shape == (2, 20_000) and y.dtype == np.int32
    for row, law in zip(y, p, strict=True):
        assert stats.chisquare(np.bincount(row), law * row.size).pvalue > 1e-3


def test_shuffle_every_order_is_as_likely():
    orders = [tuple(random.shuffle(np.arange(3), seed=i).tolist()) for i in range(1200)]
    counts = [orders.count(o) for o in sorted(set(orders))]
    assert len(counts) == 6 and stats.chisquare(counts).pvalue > 1e-3
    x = np.arange(12).reshape(3, 4)
    y = random.shuffle(x, axis=1, seed=3)
    assert sorted(map(tuple, y.T)) == sorted(map(tuple, x.T))
    assert isinstance(random.shuffle(netlet.ops.convert_to_tensor(x), seed=1), netlet.Tensor)


def test_dropout_noise_shape():
    y = random.dropout(np.ones((50, 3, 4), "float32"), 0.5, (None, 1, None), seed=1)
    assert set(np.unique(y)) == {0.0, 2.0} and (y == y[:, :1]).all() and (y != y[:, :, :1]).any()
    with pytest.raises(ValueError, match="noise_shape"):
        random.dropout(np.ones((2, 3)), 0.5, (2,))


# ---- inside a recorded step ------------------------------------------------------------------------------------------
class Noise(netlet.layers.Layer):
    """Adds the result of `draw(shape)` and stores it in a non-trainable weight."""

    def __init__(self, draw):
        super().__init__()
        self.draw = draw

    def build(self, input_shape):
        self.last = self.add_weight(shape=(4, *input_shape[1:]), initializer="zeros", trainable=False, name="last")

    def call(self, x):
        noise = netlet.ops.cast(self.draw(x.shape), "float32")
        if x.shape[0] == 4:
            self.last.assign(noise)
        return x + noise


def noise_of_steps(draw, steps=3, seed=1):
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential([netlet.Input((5,)), Noise(draw), netlet.layers.Dense(1)])
    model.compile("sgd", "mse")
    found = []
    for _ in range(steps):
        model.train_on_batch(np.zeros((4, 5), "float32"), np.zeros((4, 1), "float32"))
        found.append(model.layers[0].last.numpy().copy())
    return found


GENERATOR = {}


def with_generator(shape):
    return random.normal(shape, seed=GENERATOR.setdefault("it", random.SeedGenerator(5)))


@pytest.mark.parametrize(
    "draw",
    [
        lambda shape: random.normal(shape),
        lambda shape: random.uniform(shape),
        lambda shape: random.truncated_normal(shape),
        lambda shape: random.randint(shape, 0, 1000),
        lambda shape: random.shuffle(netlet.ops.reshape(netlet.ops.arange(20, dtype="float32"), (20,)))[:5],
        with_generator,
    ],
)
def test_other_numbers_at_each_step_and_the_same_program_repeats(draw):
    if draw(np.zeros((4, 5)).shape).shape != (4, 5):
        inner = draw
        draw = lambda shape: netlet.ops.broadcast_to(inner(shape), shape)  # noqa: E731
    first, second = noise_of_steps(draw), noise_of_steps(draw)
    assert not np.array_equal(first[0], first[1]) and not np.array_equal(first[1], first[2])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_integer_seed_repeats_inside_a_step_too():
    a, b, _ = noise_of_steps(lambda shape: random.normal(shape, seed=9))
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(a, random.normal((4, 5), seed=9))


def test_two_draws_of_one_step_differ():
    a, _, _ = noise_of_steps(lambda shape: random.normal(shape) - random.normal(shape))
    assert (a != 0).all()

"""Dropout: which elements are dropped follows Philox exactly, on every instruction set and any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core


def philox(seed: int, stream: int, step: int, blocks: np.ndarray) -> np.ndarray:
    """The words (len(blocks), 4) of Philox4x32-10 (Salmon et al., 2011), computed in 64-bit integers."""
    low32, word = np.uint64(0xFFFFFFFF), np.uint64(32)
    b = blocks.astype(np.uint64)
    c = [b & low32, b >> word, np.full_like(b, stream), np.full_like(b, step)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> word) ^ c[1] ^ np.uint64(k[0]), p1 & low32, (p0 >> word) ^ c[3] ^ np.uint64(k[1]), p0 & low32]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, axis=1).astype(np.uint32)


def test_the_reference_gives_the_published_numbers():
    """Against the known answers of the authors' Random123 library (kat_vectors), for key and counter 0."""
    assert [hex(w) for w in philox(0, 0, 0, np.array([0]))[0]] == [
        "0x6627e8d5",
        "0xe169c58d",
        "0xbc57ac4c",
        "0x9b00dbd8",
    ]


def uniform(seed: int, stream: int, step: int, size: int) -> np.ndarray:
    """Uniform numbers in [0, 1). Element 64 g + 16 w + l is computed from word w of block 16 g + l."""
    groups = -(-size // 64)
    words = philox(seed, stream, step, np.arange(groups * 16)).reshape(groups, 16, 4).transpose(0, 2, 1)
    return (words.reshape(-1)[:size] >> 8).astype(np.float64) / 2**24


def dropped(x, rate, seed, steps=1):
    """The results of dropout in a recorded step, one for each step; its stream is 0, the first of the recording."""
    cell = _core.tensor(np.zeros(1, np.int64))
    tape = _core.Tape(record=True)
    tape.set_step(cell)
    with tape:
        y = _core.dropout(tape.input(x.shape, str(x.dtype), "x"), rate, seed)
        _core.increment(cell)
        plan = tape.compile([y])
    return [plan.run([x])[0][0] for _ in range(steps)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 63, 64, 65, 1000, 40_000])
def test_every_element_follows_its_own_number(isa, threads, dtype, size):
    x = np.random.default_rng(size).normal(size=size).astype(dtype)
    seed, rate = 0x9876543210, 0.3
    for step, y in enumerate(dropped(x, rate, seed, steps=3)):
        one, rate_here = x.dtype.type(1), x.dtype.type(rate)
        keep, scale = uniform(seed, 0, step, size) >= rate_here, one / (one - rate_here)
        assert np.array_equal(y, np.where(keep, x * scale, 0))


def test_counters_beyond_32_bits_reach_the_second_word():
    """In the reference, block numbers that differ only in the upper 32 bits give different numbers."""
    assert not np.array_equal(philox(1, 2, 3, np.array([7])), philox(1, 2, 3, np.array([7 + 2**32])))


def test_dropped_infinities_and_nans_become_zero(isa):
    x = np.full(256, np.nan, np.float32)
    x[::2] = np.inf
    [y] = dropped(x, 0.5, 3)
    fell = uniform(3, 0, 0, 256) < 0.5
    assert np.array_equal(y[fell], np.zeros(fell.sum()))
    assert not np.isfinite(y[~fell]).any()


def test_the_share_that_falls():
    y = dropped(np.ones(1_000_000, np.float32), 0.25, 11)[0]
    assert abs((y == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1e6)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.75)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_falls_where_the_value_fell_and_adds_to_what_is_there(isa, dtype):
    x = _core.tensor(np.random.default_rng(0).normal(size=(7, 30)).astype(dtype))
    one = np.dtype(dtype).type(1)
    x.requires_grad = True
    weights = np.random.default_rng(1).normal(size=(7, 30)).astype(dtype)
    with _core.Tape(grad=True) as tape:
        y = _core.dropout(x, 0.4, 5)
        z = _core.add(_core.multiply(y, weights), x)  # x is used twice
        [dx] = tape.gradients(_core.sum(z), [x])
    scaled = weights * (one / (one - one.dtype.type(0.4)))
    assert np.array_equal(dx.numpy(), np.where(y.numpy() != 0, scaled, 0) + one)


def test_a_gradient_that_is_added_to_is_declared_as_read():
    with _core.Tape(record=True, grad=True) as tape:
        x = tape.input((7, 30), "float32", "x")
        x.requires_grad = True
        z = _core.add(_core.multiply(_core.dropout(x, 0.4, 5), _core.exp(x)), x)
        plan = tape.compile(tape.gradients(_core.sum(z), [x]))
    forward, back = (row for row in plan.records() if row["kernel"] == "dropout_f32")
    assert forward["reads"] == ((7, 30), (1,))
    assert back["reads"] == ((7, 30), (7, 30), (1,))


@pytest.mark.parametrize("rate", [-0.1, 1.0, np.nan])
def test_a_wrong_rate_is_named(rate):
    with pytest.raises(ValueError, match="rate"):
        _core.dropout(np.ones(3, np.float32), rate, 0)


def test_rate_zero_changes_nothing():
    x = np.random.default_rng(0).normal(size=100).astype(np.float32)
    assert np.array_equal(dropped(x, 0.0, 1)[0], x)

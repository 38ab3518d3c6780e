"""Observers: ranges from the values of several batches."""

from __future__ import annotations

import numpy as np
import pytest

from netlet.layers.quantized.base.histogram import BINS, Histogram, least_divergent, least_squares
from netlet.layers.quantized.base.observers import observer


@pytest.fixture
def rng():
    return np.random.default_rng(0)


NAMES = ["minmax", "moving_average", "percentile", "entropy", "mse"]


def seen(name, *batches):
    found = observer(name)
    for batch in batches:
        found.add(np.asarray(batch, "float32"))
    return found.range()


def error(values, low, high):
    scale = (high - low) / 255
    zero = np.rint(-low / scale)
    q = np.clip(np.rint(values / scale) + zero, 0, 255)
    return np.square((q - zero) * scale - values).mean()


@pytest.mark.parametrize("name", NAMES)
def test_every_range_has_zero_and_is_inside_of_what_was_seen(name, rng):
    for values in (rng.normal(size=5000), rng.uniform(3, 4, 5000), -rng.gamma(1, size=5000), np.zeros(10), [2.5]):
        low, high = seen(name, values)
        assert min(np.float32(values).min(), 0) <= low <= 0 <= high <= max(np.float32(values).max(), 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_range_of_uniform_values_is_kept(name, rng):
    low, high = seen(name, rng.uniform(-1, 2, 200_000))
    assert low == pytest.approx(-1, abs=0.02)
    assert high == pytest.approx(2, abs=0.02)


def test_minmax():
    assert seen("minmax", [1.0, 2.0], [-3.0, 1.0]) == (-3.0, 2.0)


def test_moving_average():
    assert seen("moving_average", [-1.0, 1.0], [-2.0, 3.0], [-1.0, 1.0]) == pytest.approx((-1.09, 1.18))


def test_percentile():
    values = np.arange(1, 100_001) / 1000  # 0.01 % of them are 10
    low, high = seen("percentile", values)
    assert low == 0
    assert high == pytest.approx(100_000 * 0.9999 / 1000, abs=128 / BINS)
    low, high = seen("percentile", np.r_[values, 1e4])
    assert high == pytest.approx(100, abs=2 * 16384 / BINS)


def test_mse_is_the_best_of_the_multiples(rng):
    values = np.float32(rng.laplace(size=50_000))
    low, high = seen("mse", values)
    assert low / values.min() == pytest.approx(high / values.max(), rel=1e-6)
    best = error(values, low, high)
    for fraction in np.arange(20, 101) / 100:
        assert (
            best <= error(values, values.min() * fraction, values.max() * fraction) * 1.01
        )  # the observer knows the values to a bin
    assert best < 0.95 * error(values, values.min(), values.max())


def test_entropy_cuts_off_a_far_value(rng):
    values = np.r_[rng.normal(size=200_000), 12.0]
    low, high = seen("entropy", values)
    assert 3 < high < 6
    assert error(np.float32(values[:-1]), low, high) < 0.5 * error(np.float32(values[:-1]), values.min(), 12.0)


def test_entropy_of_a_relu(rng):
    values = np.maximum(rng.normal(size=200_000), 0)
    _, high = seen("entropy", values)
    assert 3 < high < values.max() * 1.001


def test_divergence_by_its_definition(rng):
    counts = rng.integers(0, 50, 200).astype("float64")
    counts[150:] = rng.integers(0, 2, 50)

    def divergence(bins, levels):
        p = counts[:bins].copy()
        p[-1] += counts[bins:].sum()
        q = np.zeros(bins)
        for k in range(levels):
            a, b = k * bins // levels, (k + 1) * bins // levels
            used = counts[a:b] > 0
            if used.any():
                q[a:b][used] = counts[a:b].sum() / used.sum()
        if q[-1] == 0 and p[-1] > 0:
            return np.inf
        there = p > 0
        p, q = p[there] / p.sum(), q[there] / q.sum()
        return np.sum(p * np.log(p / q))

    found = least_divergent(counts, 0.25, 32)
    wanted = min(range(32, 201), key=lambda bins: divergence(bins, 32))
    assert found == wanted * 0.25


def test_histogram_grows_without_losing_a_value(rng):
    one, parts = Histogram(), Histogram()
    values = np.float32(rng.normal(size=3000) * np.logspace(-4, 2, 3000))
    one.add(values)
    parts.add(np.zeros(7, "float32"))
    for batch in np.split(values, 6):
        parts.add(batch)
    assert one.width == parts.width
    centers, counts = parts.values()
    assert counts.sum() == 3007
    wanted, edges = np.histogram(np.r_[values, np.zeros(7)], bins=2 * BINS, range=(-BINS * one.width, BINS * one.width))
    found = np.zeros(2 * BINS)
    found[np.searchsorted(edges, centers) - 1] = counts
    np.testing.assert_array_equal(found, wanted)
    assert parts.quantile(0.0) <= values.min() + one.width
    assert parts.quantile(1.0) >= values.max()


def test_of_nothing():
    assert least_squares(np.zeros(0), np.zeros(0), 0.0, 0.0) == (0.0, 0.0)
    assert Histogram().quantile(0.5) == 0.0

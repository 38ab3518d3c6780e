"""Initializers: exact values where these are defined, else distributions and bounds; Keras's configs and names."""

from __future__ import annotations

import inspect

import keras
import numpy as np
import pytest
import scipy.stats

import netlet
from netlet import initializers

N = (400, 250)  # 100,000 draws


def truncated(std):
    return scipy.stats.truncnorm(-2, 2, scale=std)


def uniform(limit):
    return scipy.stats.uniform(-limit, 2 * limit)


FAN_IN, FAN_OUT = N
RANDOM = [
    (initializers.RandomNormal(0.5, 2.0), scipy.stats.norm(0.5, 2.0)),
    (initializers.RandomUniform(-1.0, 3.0), scipy.stats.uniform(-1.0, 4.0)),
    (initializers.TruncatedNormal(0.0, 0.3), truncated(0.3)),
    (initializers.GlorotUniform(), uniform(np.sqrt(6 / (FAN_IN + FAN_OUT)))),
    (initializers.GlorotNormal(), truncated(np.sqrt(2 / (FAN_IN + FAN_OUT)) / 0.87962566103423978)),
    (initializers.HeUniform(), uniform(np.sqrt(6 / FAN_IN))),
    (initializers.HeNormal(), truncated(np.sqrt(2 / FAN_IN) / 0.87962566103423978)),
    (initializers.LecunUniform(), uniform(np.sqrt(3 / FAN_IN))),
    (initializers.LecunNormal(), truncated(np.sqrt(1 / FAN_IN) / 0.87962566103423978)),
    (
        initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal"),
        scipy.stats.norm(0, np.sqrt(3 / FAN_OUT)),
    ),
]


@pytest.mark.parametrize(("initializer", "law"), RANDOM, ids=lambda v: type(v).__name__)
def test_distribution(initializer, law):
    """Kolmogorov-Smirnov test against the documented distribution. With a fixed seed, the outcome is deterministic."""
    again = type(initializer).from_config({**initializer.get_config(), "seed": 5})
    values = again(N, "float64").ravel()
    assert scipy.stats.kstest(values, law.cdf).pvalue > 1e-3
    low, high = law.support()
    assert values.min() >= low
    assert values.max() <= high
    assert abs(values.std() / law.std() - 1) < 0.02


@pytest.mark.parametrize("shape", [(7, 7), (5, 9), (9, 5), (3, 4, 6)])
def test_orthogonal(shape):
    w = initializers.Orthogonal(gain=2.0, seed=1)(shape, "float64").reshape(-1, shape[-1])
    gram = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_orthogonal_is_not_biased_in_sign():
    means = np.mean([initializers.Orthogonal(seed=s)((3, 3), "float64") for s in range(2000)], axis=0)
    assert np.abs(means).max() < 5 / np.sqrt(3 * 2000)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("Zeros", {}, (2, 3)),
        ("Ones", {}, (2, 3)),
        ("Constant", {"value": 2.5}, (2, 3)),
        ("Identity", {"gain": 3.0}, (2, 3)),
    ],
)
def test_exact_ones(name, arguments, shape):
    ours = getattr(initializers, name)(**arguments)(shape, "float32")
    np.testing.assert_array_equal(ours, np.asarray(getattr(keras.initializers, name)(**arguments)(shape, "float32")))
    assert ours.dtype == np.float32


def test_seeds():
    netlet.utils.set_random_seed(3)
    a, b = initializers.GlorotUniform()((4, 4)), initializers.GlorotUniform()((4, 4))
    netlet.utils.set_random_seed(3)
    np.testing.assert_array_equal(a, initializers.GlorotUniform()((4, 4)))
    assert (a != b).any()
    fixed = initializers.HeNormal(seed=1)
    np.testing.assert_array_equal(fixed((3, 3)), fixed((3, 3)))
    moving = initializers.HeNormal(seed=netlet.random.SeedGenerator(1))
    assert (moving((3, 3)) != moving((3, 3))).any()
    with pytest.raises(ValueError, match="expected an integer as `seed`"):
        initializers.HeNormal(seed=0.5)


def test_one_object_given_to_two_layers_makes_different_weights():
    shared = initializers.GlorotUniform()
    layers = [netlet.layers.Dense(3, kernel_initializer=shared) for _ in range(2)]
    a, b = (layer(np.zeros((1, 4), "float32")) is not None and layer.kernel.numpy() for layer in layers)
    assert (a != b).any()


NAMES = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_arguments_and_configs_are_keras(name):
    ours, theirs = getattr(initializers, name), getattr(keras.initializers, name)

    def arguments(cls):
        return [(p.name, p.default) for p in inspect.signature(cls).parameters.values()]

    assert arguments(ours) == arguments(theirs)
    # Keras's config of Identity lacks the gain.
    assert ours().get_config() == ({"gain": 1.0} if name == "Identity" else theirs().get_config())
    saved = keras.initializers.serialize(theirs())
    assert type(initializers.deserialize(saved)) is ours
    assert type(initializers.deserialize(initializers.serialize(ours()))) is ours
    assert type(initializers.get(name)) is ours


def test_every_name_that_keras_knows_is_known():
    from keras.src.initializers import ALL_OBJECTS_DICT

    for name in ALL_OBJECTS_DICT:
        if "stft" not in name.lower():
            assert type(initializers.get(name)).__name__ == ALL_OBJECTS_DICT[name].__name__


def test_get():
    assert initializers.get(None) is None
    array = np.arange(4.0).reshape(2, 2)
    np.testing.assert_array_equal(initializers.get(array)((2, 2), "float32"), array)
    with pytest.raises(ValueError, match=r"expected shape \(3, 2\), received \(2, 2\)"):
        initializers.get(array)((3, 2))
    assert initializers.get(initializers.Ones) is not None
    function = lambda shape, dtype=None: np.ones(shape, dtype)  # noqa: E731
    assert initializers.get(function) is function
    assert type(initializers.get({"class_name": "Zeros", "config": {}})) is initializers.Zeros
    for wrong in (3, "glorot", {"class_name": "Zeross", "config": {}}):
        with pytest.raises(ValueError):
            initializers.get(wrong)


def test_fans():
    assert initializers.compute_fans(()) == (1, 1)
    assert initializers.compute_fans((7,)) == (7, 7)
    assert initializers.compute_fans((3, 3, 8, 16)) == (72, 144)
    assert initializers.compute_fans((4, 5, 6), [0], [1, 2]) == (4, 30)


@pytest.mark.parametrize(
    "arguments", [{"scale": 0.0}, {"scale": -1.0}, {"mode": "fan"}, {"distribution": "gauss"}], ids=str
)
def test_bad_scaling(arguments):
    with pytest.raises(ValueError, match="VarianceScaling"):
        initializers.VarianceScaling(**arguments)


def test_ranks_that_do_not_work():
    with pytest.raises(ValueError, match="matrix"):
        initializers.Identity()((2, 2, 2))
    with pytest.raises(ValueError, match="two axes"):
        initializers.Orthogonal()((3,))

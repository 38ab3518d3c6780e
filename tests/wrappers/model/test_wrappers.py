"""The wrappers' own behaviour; `keras.wrappers` is the reference for what both have."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

import netlet
from netlet import wrappers
from netlet.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer
from support.estimators import network, wrapped

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
KINDS = (SKLearnClassifier, SKLearnRegressor, SKLearnTransformer)


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_are_those_of_keras(kind: type) -> None:
    theirs = inspect.signature(getattr(keras.wrappers, kind.__name__)).parameters
    ours = inspect.signature(kind).parameters
    assert [(p.name, p.default) for p in theirs.values()] == [(p.name, p.default) for p in list(ours.values())[:-1]]
    assert list(ours)[-1] == "random_state"


@pytest.mark.parametrize("name", ["SKLearnClassifier", "SKLearnRegressor"])
def test_predictions_are_those_of_keras_with_the_same_weights(name: str) -> None:
    classifies = name == "SKLearnClassifier"
    y = NAMES if classifies else X[:, 0]

    def build(library: Any) -> Any:
        def function(X: Any, y: Any) -> Any:
            assert y.shape == (150, 3 if classifies else 1)
            kernel = library.initializers.Constant(np.linspace(-0.3, 0.4, 4 * y.shape[1]).reshape(4, -1).tolist())
            last = "softmax" if classifies else None
            layer = library.layers.Dense(y.shape[1], activation=last, kernel_initializer=kernel)
            model = library.Sequential([library.Input((4,)), layer])
            model.compile(library.optimizers.SGD(0.01), "categorical_crossentropy" if classifies else "mse")
            return model

        fit_kwargs = {"epochs": 3, "shuffle": False, "verbose": 0}
        return getattr(library.wrappers, name)(function, fit_kwargs=fit_kwargs).fit(X, y)

    ours, theirs = build(netlet), build(keras)
    assert_allclose(ours.history_.history["loss"], theirs.history_.history["loss"], rtol=1e-5)
    assert_allclose(ours.model_.predict(X, verbose=0), theirs.model_.predict(X, verbose=0), rtol=2e-6)  # float32
    expected = theirs.predict(X)
    if classifies:
        assert_array_equal(ours.predict(X), expected)
        assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-6)
    else:
        assert_allclose(ours.predict(X), expected, rtol=2e-6)
        assert ours.predict(X).shape == expected.shape == (150,)


def test_a_model_is_cloned_and_trained_again_from_its_own_start() -> None:
    model = network(X, np.eye(3)[Y])
    before = model.get_weights()
    estimator = SKLearnClassifier(model, fit_kwargs={"epochs": 2, "verbose": 0}, random_state=1)
    first = estimator.fit(X, NAMES).model_.get_weights()
    second = estimator.fit(X, NAMES).model_.get_weights()
    for a, b in zip(first, second, strict=True):
        assert_array_equal(a, b)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert_array_equal(a, b)
    assert estimator.model_ is not model


def test_warm_start_goes_on_with_the_model_before() -> None:
    model = network(X, np.eye(3)[Y])
    estimator = SKLearnClassifier(model, warm_start=True, fit_kwargs={"epochs": 2, "verbose": 0}).fit(X, NAMES)
    assert estimator.model_ is model
    calls = []

    def function(X: Any, y: Any) -> Any:
        calls.append(1)
        return network(X, y)

    estimator = SKLearnClassifier(function, warm_start=True, fit_kwargs={"epochs": 20, "verbose": 0}).fit(X, NAMES)
    model, loss = estimator.model_, estimator.history_.history["loss"][-1]
    estimator.fit(X, NAMES)
    assert estimator.model_ is model and len(calls) == 1
    assert estimator.history_.history["loss"][-1] < loss


def test_fit_arguments_are_kept_by_clone_and_never_written() -> None:
    given = {"epochs": 1, "verbose": 0}
    estimator = SKLearnClassifier(network, fit_kwargs=given, model_kwargs={"hidden": (3,)})
    estimator.fit(X, NAMES, epochs=3)
    assert given == {"epochs": 1, "verbose": 0}
    assert estimator.epoch_ == len(estimator.history_.epoch) == 3
    copied = clone(estimator)
    assert copied.fit_kwargs == given and copied.model_kwargs == {"hidden": (3,)}
    assert copied.epoch_ == 0
    assert copied.fit(X, NAMES).epoch_ == 1


def test_the_decision_function_of_two_classes_is_flat() -> None:
    two = Y < 2
    estimator = wrapped(SKLearnClassifier).fit(X[two], NAMES[two])
    decision = estimator.decision_function(X[two])
    assert decision.shape == (100,)
    assert_array_equal(np.where(decision > 0, "versicolor", "setosa"), estimator.predict(X[two]))
    assert estimator.decision_function(X[:5]).shape == (5,)
    assert_allclose(estimator.predict_proba(X[two]).sum(axis=1), 1)


def test_probabilities_follow_the_loss() -> None:
    def logits(X: Any, y: Any, from_logits: bool = True) -> Any:
        model = network(X, y, last="linear")
        model.compile("adam", netlet.losses.CategoricalCrossentropy(from_logits=from_logits))
        return model

    estimator = SKLearnClassifier(logits, fit_kwargs={"verbose": 0}).fit(X, NAMES)
    p = estimator.predict_proba(X)
    raw = estimator.model_.predict(X, verbose=0)
    assert_allclose(p, np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True), rtol=1e-6)
    estimator = SKLearnClassifier(logits, model_kwargs={"from_logits": False}, fit_kwargs={"verbose": 0}).fit(X, NAMES)
    with pytest.raises(ValueError, match="predict_proba: expected outputs of at least 0"):
        estimator.predict_proba(X)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_model_and_leaves_the_global_one_alone(kind: type) -> None:
    def dropping(X: Any, y: Any) -> Any:
        outputs = netlet.layers.Dense(y.shape[1] if y.ndim > 1 else 1)
        model = netlet.Sequential([netlet.layers.Dropout(0.3), netlet.layers.Dense(8), outputs])
        model.compile("adam", "mse")
        return model

    def weights(seed: Any) -> list[np.ndarray]:
        return kind(dropping, fit_kwargs={"verbose": 0}, random_state=seed).fit(X, Y).model_.get_weights()

    netlet.utils.set_random_seed(5)
    state = netlet.random.get_state()
    a, b, other = weights(3), weights(3), weights(4)
    assert netlet.random.get_state() == state
    for u, v, w in zip(a, b, other, strict=True):
        assert_array_equal(u, v)
        assert not np.array_equal(u, w)
    without = weights(None)
    assert netlet.random.get_state() != state
    netlet.utils.set_random_seed(5)
    for u, v in zip(without, weights(None), strict=True):
        assert_array_equal(u, v)


def test_weights_of_2_and_0_count_twice_and_not() -> None:
    weight = np.random.default_rng(0).integers(0, 3, 150)
    settings = {"fit_kwargs": {"epochs": 5, "batch_size": 500, "verbose": 0}}
    a = wrapped(SKLearnClassifier, **settings).fit(X, NAMES, weight)
    b = wrapped(SKLearnClassifier, **settings).fit(np.repeat(X, weight, axis=0), np.repeat(NAMES, weight))
    assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=1e-9)


def test_an_autoencoder_needs_no_targets() -> None:
    def autoencoder(X: Any, y: Any) -> Any:
        return network(X, y, hidden=(2,), last="linear")

    transformer = SKLearnTransformer(autoencoder, fit_kwargs={"epochs": 30, "verbose": 0}, random_state=0)
    out = transformer.set_output(transform="pandas").fit_transform(X)
    assert list(out.columns) == [f"sklearntransformer{i}" for i in range(4)]
    assert_allclose(out.to_numpy(), transformer.model_.predict(X, verbose=0))


def test_images_are_data_too() -> None:
    images = X.reshape(150, 2, 2, 1)

    def convolution(X: Any, y: Any) -> Any:
        conv = netlet.layers.Conv2D(4, 2)
        model = netlet.Sequential(
            [conv, netlet.layers.Flatten(), netlet.layers.Dense(y.shape[1], activation="softmax")]
        )
        model.compile("adam", "categorical_crossentropy")
        return model

    estimator = SKLearnClassifier(convolution, fit_kwargs={"epochs": 2, "verbose": 0}).fit(images, NAMES)
    assert estimator.predict(images).shape == (150,)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("kind", KINDS)
def test_copies_and_pickles_predict_the_same(kind: type, copied: Any) -> None:
    estimator = wrapped(kind).fit(X, Y)
    method = "transform" if kind is SKLearnTransformer else "predict"
    again = copied(estimator)
    assert_array_equal(getattr(again, method)(X), getattr(estimator, method)(X))
    assert again.history_.history == estimator.history_.history
    assert again.history_.model is again.model_  # the model is in the file once


def test_errors_name_the_argument() -> None:
    with pytest.raises(TypeError, match=r"of SKLearnRegressor: expected a compiled model or .*, received 'mlp'"):
        SKLearnRegressor("mlp").fit(X, X[:, 0])  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=r"`model` of SKLearnRegressor: expected a model that is compiled"):
        SKLearnRegressor(netlet.Sequential([netlet.layers.Dense(1)])).fit(X, Y)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        wrapped(SKLearnClassifier).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="when only one class is present"):
        wrapped(SKLearnClassifier).fit(X, np.zeros(150))
    with pytest.raises(NotFittedError):
        wrapped(SKLearnRegressor).predict(X)


def test_missing_names_are_explained() -> None:
    assert "SKLearnClassifier" in dir(wrappers)
    with pytest.raises(AttributeError, match=r"Nearest: netlet\.wrappers\.SKLearnClassifier"):
        getattr(wrappers, "SKLearnClasifier")  # noqa: B009

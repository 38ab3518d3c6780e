"""Training against scikit-learn's own perceptrons, which draw the same numbers from a random state."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn
import sklearn.neural_network as theirs
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_digits, make_multilabel_classification, make_regression

import netlet
from netlet import wrappers as ours

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
HAS_WEIGHTS = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 7)  # theirs; so has the loss of MLPRegressor
needs_1_7 = pytest.mark.skipif(not HAS_WEIGHTS, reason="scikit-learn's perceptrons have this since 1.7")

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS[:500] / 16
TARGETS = {
    "classes": LABELS[:500],
    "two classes": np.where(LABELS[:500] > 4, 8, 3),  # no strings: early stopping of scikit-learn 1.6 fails on them
    "labels": np.stack([LABELS[:500] % 2, LABELS[:500] % 3 > 0], 1).astype(int),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {},
    "adam, own rates": {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3, "alpha": 1.0},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "sgd without momentum": {"solver": "sgd", "momentum": 0.0},
    "plain momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1, "power_t": 0.3},
    "invscaling, one batch": {"solver": "sgd", "learning_rate": "invscaling", "batch_size": 500},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.3, "n_iter_no_change": 2, "max_iter": 25},
    "tanh, early stopping": {"activation": "tanh", "early_stopping": True},
    "two layers": {"hidden_layer_sizes": (20, 10), "activation": "logistic"},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "no shuffling": {"shuffle": False, "activation": "identity"},
    "one batch, no shuffling": {"shuffle": False, "batch_size": 500},
    "stops": {"tol": 0.1, "n_iter_no_change": 3, "max_iter": 40, "batch_size": 500},
}


def both(name: str, X: Any, y: Any, weight: Any = None, **settings: Any) -> tuple[Any, Any]:
    """Netlet's and scikit-learn's estimator, trained on the same data."""
    more = {} if weight is None else {"sample_weight": weight}
    settings = {"max_iter": 8, "random_state": 3, "hidden_layer_sizes": (30,), **settings}
    return tuple(getattr(module, name)(**settings).fit(X, y, **more) for module in (ours, theirs))  # type: ignore


def assert_alike(a: Any, b: Any, tolerance: float) -> None:
    """The same training: its course, its result, and what describes both."""
    for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(a, name) == getattr(b, name), name
    assert_allclose(a.loss_, b.loss_, rtol=tolerance)
    for name in ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_", "t_"):
        if getattr(b, name, None) is not None:
            assert_allclose(getattr(a, name), getattr(b, name), rtol=tolerance, err_msg=name)
    for mine, expected in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        assert_allclose(mine, expected, atol=tolerance)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_classifier_trains_as_scikit_learns(setting: str, target: str) -> None:
    a, b = both("MLPClassifier", DIGITS, TARGETS[target], **SETTINGS[setting])
    assert_alike(a, b, 1e-8)
    assert_array_equal(a.classes_, b.classes_)
    assert_array_equal(a.predict(DIGITS), b.predict(DIGITS))
    assert_allclose(a.predict_proba(DIGITS), b.predict_proba(DIGITS), atol=1e-8)
    assert_allclose(a.predict_log_proba(DIGITS), b.predict_log_proba(DIGITS), rtol=1e-6)


@pytest.mark.parametrize("target", TARGETS)
def test_lbfgs(target: str) -> None:
    a, b = both("MLPClassifier", DIGITS, TARGETS[target], solver="lbfgs")
    assert_alike(a, b, 1e-7)


@pytest.mark.parametrize("setting", ["adam", "sgd", "invscaling", "no shuffling"])
def test_float32_data_is_trained_in_float32(setting: str) -> None:
    X = DIGITS.astype(np.float32)
    a, b = both("MLPClassifier", X, TARGETS["classes"], **SETTINGS[setting])
    assert_allclose(a.loss_curve_, b.loss_curve_, atol=1e-4)
    assert {w.dtype for w in a.coefs_ + a.intercepts_} == {np.dtype(np.float32)}
    assert a.predict_proba(X).dtype == np.float32


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("setting", ["adam", "sgd", "tanh, early stopping", "two layers", "no shuffling"])
def test_regressor_trains_as_scikit_learns(setting: str, outputs: int) -> None:
    X, y = make_regression(230, 7, n_targets=outputs, random_state=0)
    a, b = both("MLPRegressor", X, y / 100, **SETTINGS[setting])
    assert_alike(a, b, 1e-8)
    assert_allclose(a.predict(X), b.predict(X), atol=1e-8)
    assert a.predict(X).shape == y.shape


def test_early_stopping_without_a_finite_score_is_an_error() -> None:
    X, y = make_regression(100, 3, random_state=0)
    model = ours.MLPRegressor(solver="sgd", learning_rate_init=1e200, early_stopping=True, max_iter=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of overflows
        with pytest.raises(ValueError, match="non-finite parameter weights"):
            model.fit(X, y * 1e100)


@pytest.mark.parametrize("before", [{"early_stopping": False}, {"solver": "lbfgs"}])
def test_a_warm_start_may_change_how_it_stops(before: dict[str, Any]) -> None:
    X, y = make_regression(100, 3, random_state=0)
    model = ours.MLPRegressor(max_iter=3, random_state=0, warm_start=True, **before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        coefs = model.fit(X, y).coefs_
        model.set_params(solver="adam", early_stopping=True).fit(X, y)
    assert len(model.loss_curve_) == len(model.validation_scores_) == model.n_iter_ == 3
    assert_allclose(model.coefs_[0], coefs[0], atol=0.1)  # it has begun there


@needs_1_7
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_poisson_loss_with_weights(solver: str, outputs: int) -> None:
    X, y = make_regression(230, 7, n_targets=outputs, random_state=0)
    weight = np.random.default_rng(0).uniform(0.5, 2, 230)
    a, b = both("MLPRegressor", X, np.floor(np.abs(y) / 50), weight, loss="poisson", solver=solver)
    assert_alike(a, b, 1e-7)


@needs_1_7
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("target", TARGETS)
def test_weights(target: str, early_stopping: bool) -> None:
    weight = np.random.default_rng(0).uniform(0.1, 3, 500)
    a, b = both("MLPClassifier", DIGITS, TARGETS[target], weight, early_stopping=early_stopping)
    assert_alike(a, b, 1e-8)


def test_rows_of_weight_0_are_left_out_of_every_batch() -> None:
    weight = np.random.default_rng(0).integers(0, 3, 500)
    kept = weight > 0
    settings = {"random_state": 0, "batch_size": 32, "max_iter": 3}
    a = ours.MLPClassifier(**settings).fit(DIGITS, LABELS[:500], weight)
    b = ours.MLPClassifier(**settings).fit(DIGITS[kept], LABELS[:500][kept], weight[kept])
    assert a.loss_curve_ == b.loss_curve_


def test_multioutput_lbfgs_minimizes_what_its_gradient_belongs_to() -> None:
    # scikit-learn's line search sees the mean of the squared errors with the gradient of their sum.
    X, y = make_regression(100, 5, n_targets=4, random_state=1)
    a, b = both("MLPRegressor", X, y / 100, solver="lbfgs", max_iter=300)
    assert a.score(X, y / 100) >= b.score(X, y / 100) - 1e-3


def test_partial_fit_continues_as_fit_does() -> None:
    X, y = make_multilabel_classification(120, random_state=0)
    whole = ours.MLPClassifier(shuffle=False, max_iter=5, random_state=0, batch_size=50).fit(X, y)
    parts = ours.MLPClassifier(shuffle=False, random_state=0, batch_size=50)
    for _ in range(5):
        parts.partial_fit(X, y, classes=range(5))
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.t_ == whole.t_ == 600
    for a, b in zip(parts.coefs_, whole.coefs_, strict=True):
        assert_array_equal(a, b)


def test_partial_fit_goes_on_after_pickling() -> None:
    a = ours.MLPRegressor(random_state=0, batch_size=64).partial_fit(DIGITS, LABELS[:500])
    b = pickle.loads(pickle.dumps(a))
    a.partial_fit(DIGITS, LABELS[:500])
    b.partial_fit(DIGITS, LABELS[:500])
    assert a.loss_curve_ == b.loss_curve_
    assert_array_equal(a.coefs_[0], b.coefs_[0])


def test_results_do_not_depend_on_the_threads() -> None:
    before = netlet.get_num_threads()
    try:
        netlet.set_num_threads(1)
        a = ours.MLPClassifier(random_state=0, max_iter=3).fit(DIGITS, LABELS[:500])
        netlet.set_num_threads(3)
        b = ours.MLPClassifier(random_state=0, max_iter=3).fit(DIGITS, LABELS[:500])
    finally:
        netlet.set_num_threads(before)
    assert_array_equal(a.coefs_[0], b.coefs_[0])


def test_sparse_data_train_like_dense_data() -> None:
    X = sparse.csr_matrix(np.where(DIGITS > 0.5, DIGITS, 0))
    a = ours.MLPClassifier(random_state=0, max_iter=3, batch_size=64).fit(X, LABELS[:500])
    b = ours.MLPClassifier(random_state=0, max_iter=3, batch_size=64).fit(X.toarray(), LABELS[:500])
    assert a.loss_curve_ == b.loss_curve_
    assert_array_equal(a.predict(X.tocsc()), b.predict(X.toarray()))


def test_warm_start_goes_on_from_the_weights_before() -> None:
    a, b = both("MLPClassifier", DIGITS, LABELS[:500], warm_start=True)
    a.fit(DIGITS, LABELS[:500])
    b.fit(DIGITS, LABELS[:500])
    assert_alike(a, b, 1e-7)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        a.fit(DIGITS, LABELS[:500] % 3)


def test_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"verbose": True, "tol": 10.0, "n_iter_no_change": 1, "max_iter": 4, "early_stopping": True}
    for setting in ({}, {"solver": "sgd", "learning_rate": "adaptive"}):
        printed = []
        for module in (ours, theirs):
            module.MLPClassifier(random_state=0, **settings, **setting).fit(DIGITS, LABELS[:500])
            printed.append(capsys.readouterr().out)
        assert printed[0] == printed[1] != ""


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"alpha": -1}, "`alpha`.*of at least 0, received -1"),
        ({"activation": "gelu"}, "`activation`.*one of 'identity', 'logistic', 'tanh', 'relu', received 'gelu'"),
        ({"batch_size": 0}, "`batch_size`.*an integer of at least 1 or one of 'auto', received 0"),
        ({"beta_1": 1.0}, r"`beta_1`.*in \[0, 1\), received 1.0"),
        ({"n_iter_no_change": 0.5}, "`n_iter_no_change`.*or inf, received 0.5"),
        ({"shuffle": "yes"}, "`shuffle`.*True or False, received 'yes'"),
        ({"max_iter": True}, "`max_iter`"),
        ({"hidden_layer_sizes": (3, 0)}, r"`hidden_layer_sizes`.*received \(3, 0\)"),
    ],
)
def test_bad_arguments_are_named(setting: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        ours.MLPClassifier(**setting).fit(DIGITS, LABELS[:500])


def test_bad_data_are_named() -> None:
    with pytest.raises(ValueError, match=r"`sample_weight`.*at least 0 that are not all 0"):
        ours.MLPClassifier().fit(DIGITS, LABELS[:500], np.full(500, -1.0))
    with pytest.raises(ValueError, match=r"`y` of MLPRegressor\.fit: expected numbers of at least 0"):
        ours.MLPRegressor(loss="poisson").fit(DIGITS, -LABELS[:500] - 1.0)
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        ours.MLPClassifier().partial_fit(DIGITS, LABELS[:500])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        ours.MLPClassifier().partial_fit(DIGITS, LABELS[:500], classes=[0, 1])
    regressor = ours.MLPRegressor(max_iter=1, warm_start=True).fit(DIGITS, DIGITS[:, :2])
    with pytest.raises(ValueError, match="expected 2 outputs, as in the fit before, received 1"):
        regressor.fit(DIGITS, DIGITS[:, 0])


def test_interrupted_training_keeps_its_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from netlet.wrappers.mlp import stochastic

    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stochastic, "_note", interrupt)
    classifier = ours.MLPClassifier(max_iter=2, random_state=0)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        classifier.fit(DIGITS, LABELS[:500])
    assert classifier.predict(DIGITS).shape == (500,)


def test_a_batch_larger_than_the_data_is_clipped() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        with pytest.warns(UserWarning, match="at most the 500 training rows, received 600"):
            classifier = ours.MLPClassifier(batch_size=600, max_iter=1).fit(DIGITS, LABELS[:500])
    assert classifier.t_ == 500

"""The estimators in scikit-learn's tools: searches, pipelines, processes, ensembles, inspection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from netlet.wrappers import MLPClassifier, MLPRegressor, SKLearnClassifier, SKLearnRegressor, SKLearnTransformer
from support.estimators import wrapped

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, LABELS = load_iris(return_X_y=True)
Y = np.array(["setosa", "versicolor", "virginica"])[LABELS]
SHORT = {"epochs": 15, "verbose": 0}
CLASSIFIERS = {
    "MLPClassifier": MLPClassifier((10,), max_iter=40, learning_rate_init=0.02, random_state=0),
    "SKLearnClassifier": wrapped(SKLearnClassifier, fit_kwargs=SHORT, model_kwargs={"hidden": (10,), "rate": 0.02}),
}
REGRESSORS = {
    "MLPRegressor": MLPRegressor(hidden_layer_sizes=(10,), solver="lbfgs", random_state=0),
    "SKLearnRegressor": wrapped(SKLearnRegressor, fit_kwargs=SHORT, model_kwargs={"last": "linear", "rate": 0.02}),
}
GRIDS: dict[str, dict[str, Any]] = {
    "MLPClassifier": {"hidden_layer_sizes": [(2,), (12,)], "alpha": [1e-4, 10.0]},
    "SKLearnClassifier": {"model_kwargs": [{"hidden": (2,), "rate": 1e-6}, {"hidden": (12,), "rate": 0.03}]},
}


@pytest.fixture(params=CLASSIFIERS)
def classifier(request: pytest.FixtureRequest) -> Any:
    return sklearn.base.clone(CLASSIFIERS[request.param])


@pytest.fixture(params=REGRESSORS)
def regressor(request: pytest.FixtureRequest) -> Any:
    return sklearn.base.clone(REGRESSORS[request.param])


@pytest.fixture
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_grid_search_in_processes_finds_what_one_process_finds(classifier: Any) -> None:
    grid = GRIDS[type(classifier).__name__]
    alone = GridSearchCV(classifier, grid, cv=3).fit(X, Y)
    together = GridSearchCV(classifier, grid, cv=3, n_jobs=2).fit(X, Y)
    assert_array_equal(alone.cv_results_["mean_test_score"], together.cv_results_["mean_test_score"])
    best = together.best_params_.get("model_kwargs", {}).get("hidden") or together.best_params_["hidden_layer_sizes"]
    assert best == (12,)
    assert together.score(X, Y) > 0.85


def test_randomized_search(classifier: Any) -> None:
    search = RandomizedSearchCV(classifier, {"random_state": [0, 1, 2]}, n_iter=2, cv=2, random_state=0).fit(X, Y)
    assert len(search.cv_results_["params"]) == 2
    assert_array_equal(search.classes_, search.best_estimator_.classes_)


def test_cross_validation_of_a_pipeline_does_not_depend_on_the_processes(classifier: Any) -> None:
    pipeline = make_pipeline(StandardScaler(), classifier)
    scores = [cross_val_score(pipeline, X, Y, cv=3, n_jobs=jobs) for jobs in (1, 2)]
    assert_array_equal(*scores)
    assert scores[0].mean() > 0.85


def test_threads_train_the_same_models(classifier: Any) -> None:
    with joblib.parallel_backend("threading", n_jobs=3):
        together = cross_validate(classifier, X, Y, cv=6, n_jobs=3, return_estimator=True)["estimator"]
    alone = cross_validate(classifier, X, Y, cv=6, return_estimator=True)["estimator"]
    for a, b in zip(together, alone, strict=True):
        assert_array_equal(a.predict_proba(X), b.predict_proba(X))


def test_columns_of_a_frame(regressor: Any) -> None:
    frame = pandas.DataFrame({"length": X[:, 0], "width": X[:, 1], "kind": Y})
    parts = [("numbers", StandardScaler(), ["length", "width"]), ("kinds", OneHotEncoder(), ["kind"])]
    columns = ColumnTransformer(parts)
    pipeline = make_pipeline(columns, regressor).fit(frame, X[:, 2])
    assert pipeline.score(frame, X[:, 2]) > 0.8
    regressor.fit(frame[["length", "width"]], X[:, 2])
    assert list(regressor.feature_names_in_) == ["length", "width"]
    with pytest.raises(ValueError, match="feature names"):
        regressor.predict(frame[["width", "length"]])


def test_calibration(classifier: Any) -> None:
    calibrated = CalibratedClassifierCV(classifier, cv=3).fit(X, Y)
    assert calibrated.score(X, Y) > 0.8
    assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_voting(classifier: Any, voting: str) -> None:
    both = VotingClassifier([("net", classifier), ("linear", LogisticRegression())], voting=voting).fit(X, Y)
    assert both.score(X, Y) > 0.9


def test_bagging_with_weights_of_0(classifier: Any) -> None:
    bagging = BaggingClassifier(classifier, n_estimators=3, max_samples=0.3, random_state=0).fit(X, Y)
    assert bagging.score(X, Y) > 0.8


def test_inspection(regressor: Any) -> None:
    model = make_pipeline(StandardScaler(), regressor).fit(X[:, :3], X[:, 3])
    found = permutation_importance(model, X[:, :3], X[:, 3], n_repeats=3, random_state=0)
    assert found.importances_mean.argmax() == 2  # the length of a petal says most about its width
    dependence = partial_dependence(model, X[:, :3], [2], grid_resolution=5)["average"][0]
    assert dependence.shape == (5,) and dependence[-1] > dependence[0]


@pytest.mark.usefixtures("routing")
def test_weights_reach_a_step_of_a_pipeline(classifier: Any) -> None:
    weight = (LABELS != 0) * 1.0
    pipeline = make_pipeline(StandardScaler(), classifier.set_fit_request(sample_weight=True))
    pipeline[0].set_fit_request(sample_weight=False)
    pipeline.fit(X, Y, sample_weight=weight)
    assert "setosa" not in pipeline.predict(X)


def test_the_transformer_in_a_pipeline_with_frames() -> None:
    transformer = wrapped(SKLearnTransformer, fit_kwargs=SHORT).set_output(transform="pandas")
    pipeline = make_pipeline(StandardScaler(), transformer, LogisticRegression())
    pipeline.fit(X, LABELS)
    assert list(pipeline[:-1].get_feature_names_out()) == ["sklearntransformer0"]
    assert isinstance(transformer.transform(StandardScaler().fit_transform(X)), pandas.DataFrame)
    assert pipeline.score(X, LABELS) > 0.8


def test_files_of_joblib(classifier: Any, tmp_path: Any) -> None:
    classifier.fit(X, Y)
    joblib.dump(classifier, tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))

"""Confusion metrics beyond Keras's own results: errors, limits, tracking, and many of them in one `fit`."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import layers, metrics


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(thresholds=[0.5, 1.5]), r"must be in \[0, 1\]. Received: \[1.5\]"),
        (lambda: metrics.TruePositives(thresholds=[None]), r"\[0, 1\]. Received: \[None\]"),
        (lambda: metrics.Recall(thresholds=[]), "at least one number"),
        (lambda: metrics.AUC(num_thresholds=1), "must be an integer > 1. Received: num_thresholds=1"),
        (lambda: metrics.AUC(curve="roc_auc"), 'Invalid AUC curve value: "roc_auc". .*ROC'),
        (lambda: metrics.AUC(summation_method="trapezoid"), 'Invalid AUC summation method value: "trapezoid"'),
        (lambda: metrics.AUC(num_labels=3), "only when `multi_label`"),
        (lambda: metrics.SensitivityAtSpecificity(1.1), "`specificity` must be .* Received: specificity=1.1"),
        (lambda: metrics.SpecificityAtSensitivity(-1), "Received: sensitivity=-1"),
        (lambda: metrics.PrecisionAtRecall(2), "Received: recall=2"),
        (lambda: metrics.RecallAtPrecision(2), "Received: precision=2"),
        (lambda: metrics.RecallAtPrecision(0.5, num_thresholds=0), "an integer > 0. Received: num_thresholds=0"),
        (lambda: metrics.F1Score(average="mean"), "Invalid `average` .* Received: average=mean"),
        (lambda: metrics.FBetaScore(beta=2), "should be a Python float. Received: beta=2 of type"),
        (lambda: metrics.FBetaScore(beta=0.0), "should be > 0. Received: beta=0.0"),
        (lambda: metrics.F1Score(threshold=1), "should be a Python float. Received: threshold=1 of"),
        (lambda: metrics.F1Score(threshold=0.0), "0 < threshold <= 1. Received: threshold=0.0"),
        (lambda: metrics.IoU(3, [0, 3]), r"Target class id 3 is out of range, which is \[0, 3\)"),
        (lambda: metrics.MeanIoU(0), "num_classes of at least 1, received 0"),
        (lambda: metrics.R2Score(class_aggregation="mean"), "Received: class_aggregation=mean"),
        (lambda: metrics.R2Score(num_regressors=-1), "Received: num_regressors=-1"),
    ],
)
def test_arguments_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def ones(*shape):
    return np.ones(shape, "float32")


@pytest.mark.parametrize(
    ("metric", "batch", "message"),
    [
        (
            metrics.Precision(name="p"),
            (ones(4), ones(5)),
            r"Precision 'p': expected y_true of .* \(5,\), received \(4,\)",
        ),
        (metrics.AUC(), (ones(4, 2), ones(4, 3)), r"shape \(4, 3\), received \(4, 2\)"),
        (metrics.Recall(), (ones(4, 3), ones(4, 3), ones(5)), r"sample_weight .* \(4, 3\), received \(5,\)"),
        (metrics.Recall(class_id=1), (ones(4), ones(4)), r"\(num_samples, num_classes\), for class_id, received"),
        (metrics.Recall(class_id=3), (ones(4, 3), ones(4, 3)), "class_id below 3, .* received 3"),
        (metrics.AUC(multi_label=True), (ones(4), ones(4)), "of rank 2"),
        (metrics.AUC(multi_label=True, num_labels=2), (ones(4, 3), ones(4, 3)), "with 2 labels"),
        (metrics.F1Score(), (ones(4), ones(4)), r"2D inputs .*y_pred.shape=\(4,\) and y_true.shape=\(4,\)"),
        (metrics.F1Score(name="f"), (ones(4, 2), ones(4, 3)), r"F1Score 'f': .*\(4, 3\), received \(4, 2\)"),
        (metrics.R2Score(), (ones(4, 2, 1), ones(4, 2, 1)), "R2Score expects 2D inputs"),
        (
            metrics.MeanIoU(2),
            (ones(4), ones(5)),
            r"as many labels as predicted classes, received shapes \(4,\) and \(5,\)",
        ),
        (metrics.MeanIoU(2), (ones(4), ones(4), np.ones(3, "int32")), r"sample_weight .* received shape \(3,\)"),
    ],
)
def test_shapes_are_checked(metric, batch, message):
    with pytest.raises(ValueError, match=message):
        metric.update_state(*batch)


@pytest.mark.parametrize("metric", [metrics.F1Score(), metrics.R2Score(), metrics.AUC(multi_label=True)])
def test_a_result_before_the_first_batch_is_refused(metric):
    with pytest.raises(ValueError, match="expected update_state before result"):
        metric.result()


def test_the_number_of_outputs_stays():
    m = metrics.F1Score()
    m.update_state(ones(4, 3), ones(4, 3))
    with pytest.raises(ValueError, match=r"3 outputs, as before, received y_pred of shape \(4, 2\)"):
        m.update_state(ones(4, 2), ones(4, 2))


def test_thresholds_as_an_array():
    m = metrics.Precision(thresholds=np.array([0.25, 0.5]))
    assert m.get_config()["thresholds"] == [0.25, 0.5]
    assert metrics.deserialize(metrics.serialize(m)).thresholds == [0.25, 0.5]


def test_auc_tends_to_the_area_of_scikit_learn():
    sk = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 5000)
    x = np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0, 1)
    w = rng.random(5000)
    roc, pr = metrics.AUC(num_thresholds=10_001), metrics.AUC(num_thresholds=10_001, curve="PR")
    for m in (roc, pr):
        m.update_state(y, x, sample_weight=w)
    assert float(roc.result()) == pytest.approx(sk.roc_auc_score(y, x, sample_weight=w), abs=1e-4)
    assert float(pr.result()) == pytest.approx(sk.average_precision_score(y, x, sample_weight=w), abs=2e-3)


def test_counts_beyond_2_24_stay_exact():
    m = metrics.TruePositives()
    y = ones(1 << 20)
    for _ in range(17):
        m.update_state(y, y)
    m.update_state(ones(1), ones(1))
    assert float(m.result()) == 17 * 2**20 + 1  # in float32, 1 more would be lost


@pytest.mark.parametrize("eager", [False, True])
def test_many_in_one_fit(eager):
    """The logs of evaluate are what the metrics say about predict's outputs, with weights where they are taken."""
    rng = np.random.default_rng(1)
    y = np.eye(4, dtype="float32")[rng.integers(0, 4, 70)]
    x = (y + rng.normal(size=(70, 4))).astype("float32")
    w = rng.random(70).astype("float32")

    def make():
        return [
            metrics.Precision(name="p"),
            metrics.Recall(thresholds=[0.2, 0.4], name="r"),
            metrics.AUC(name="auc"),
            metrics.AUC(multi_label=True, curve="PR", name="pr"),
            metrics.F1Score(average="macro", name="f1"),
            metrics.OneHotMeanIoU(4, name="iou"),
            metrics.SensitivityAtSpecificity(0.5, name="s"),
            metrics.R2Score(name="r2"),
        ]

    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(4, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=make(), weighted_metrics=make()[:4], run_eagerly=eager)
    history = model.fit(x, y, batch_size=32, epochs=2, sample_weight=w, verbose=0).history
    assert len(history["auc"]) == 2
    for _ in range(2):
        logs = model.evaluate(x, y, batch_size=32, sample_weight=w, return_dict=True, verbose=0)
        predicted = model.predict(x, verbose=0)
        for prefix, weight, ms in (("", None, make()), ("weighted_", w, make()[:4])):
            for m in ms:
                m.update_state(y, predicted, sample_weight=weight)
                np.testing.assert_allclose(logs[prefix + m.name], np.asarray(m.result()), rtol=1e-5, err_msg=m.name)

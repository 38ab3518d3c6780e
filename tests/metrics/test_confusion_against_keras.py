"""The metrics that count decisions and pairs of classes, over several batches, against Keras's states and results."""

from __future__ import annotations

import copy
import itertools
import pickle
import warnings

import keras
import numpy as np
import pytest
from keras.src.backend import set_keras_mask

from netlet import _core, metrics, ops
from support import keras64

N, C = 9, 4
BATCHES = 3
EDGES = [0.0, 0.25, 0.5, 0.75, 1.0]  # predictions that equal thresholds

# class, arguments, kind of data, kinds of sample weights that Keras accepts for it
VECTOR, MATRIX, SEQUENCE = (N,), (N, C), (N, 3, C)
SEVERAL = {"thresholds": [0.8, 0.25, 0.5]}
CASES = {
    "tp": ("TruePositives", {}, "bits", VECTOR),
    "tp several": ("TruePositives", SEVERAL, "bits", MATRIX),
    "fp": ("FalsePositives", {"thresholds": 0.25}, "bits", MATRIX),
    "fp even": ("FalsePositives", {"thresholds": EDGES}, "bits", SEQUENCE),
    "tn": ("TrueNegatives", SEVERAL, "bits", MATRIX),
    "fn": ("FalseNegatives", {"thresholds": [0.0, 0.5, 1.0]}, "bits", VECTOR),
    "precision": ("Precision", {}, "bits", MATRIX),
    "precision column": ("Precision", {}, "bits", (N, 1)),
    "precision top 2": ("Precision", {"top_k": 2}, "bits", MATRIX),
    "precision top 2 above": ("Precision", {"top_k": 2, "thresholds": [0.3, 0.9]}, "bits", SEQUENCE),
    "precision class": ("Precision", {"class_id": 2, "thresholds": EDGES}, "bits", MATRIX),
    "recall": ("Recall", SEVERAL, "bits", VECTOR),
    "recall top 3 class": ("Recall", {"top_k": 3, "class_id": -1}, "bits", MATRIX),
    "recall many": ("Recall", {"thresholds": list(np.linspace(0, 0.9, 40) ** 2)}, "bits", MATRIX),
    "auc": ("AUC", {}, "bits", VECTOR),
    "auc edges": ("AUC", {"num_thresholds": 5}, "bits", MATRIX),
    "auc logits": ("AUC", {"num_thresholds": 30, "from_logits": True}, "bits", MATRIX),
    "auc pr": ("AUC", {"num_thresholds": 7, "curve": "PR"}, "bits", MATRIX),
    "auc pr minoring": ("AUC", {"num_thresholds": 7, "curve": "PR", "summation_method": "minoring"}, "bits", MATRIX),
    "auc roc majoring": ("AUC", {"num_thresholds": 7, "summation_method": "majoring"}, "bits", SEQUENCE),
    "auc gain": ("AUC", {"num_thresholds": 7, "curve": "PRGAIN"}, "bits", MATRIX),
    "auc thresholds": ("AUC", {"thresholds": [0.7, 0.1, 0.3]}, "bits", MATRIX),
    "auc labels": ("AUC", {"num_thresholds": 9, "multi_label": True}, "bits", MATRIX),
    "auc labels pr": (
        "AUC",
        {
            "thresholds": [0.2, 0.5],
            "curve": "PR",
            "multi_label": True,
            "num_labels": C,
            "label_weights": [1, 2, 0.5, 0],
        },
        "bits",
        MATRIX,
    ),
    "auc label weights": ("AUC", {"num_thresholds": 9, "label_weights": [1, 2, 0.5, 0]}, "bits", MATRIX),
    "auc label weights thresholds": ("AUC", {"thresholds": [0.3], "label_weights": [1, 2, 0.5, 0]}, "bits", MATRIX),
    "sensitivity": ("SensitivityAtSpecificity", {"specificity": 0.4}, "bits", VECTOR),
    "specificity": ("SpecificityAtSensitivity", {"sensitivity": 0.4, "num_thresholds": 5}, "bits", MATRIX),
    "precision at": ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 1}, "bits", VECTOR),
    "recall at": ("RecallAtPrecision", {"precision": 0.5, "class_id": 1, "num_thresholds": 2}, "bits", MATRIX),
    "f1": ("F1Score", {}, "one hot", MATRIX),
    "f1 micro": ("F1Score", {"average": "micro", "threshold": 0.5}, "bits", MATRIX),
    "f2 macro": ("FBetaScore", {"average": "macro", "beta": 2.0}, "one hot", MATRIX),
    "f2 weighted": ("FBetaScore", {"average": "weighted", "beta": 0.5, "threshold": 0.25}, "bits", MATRIX),
    "iou": ("IoU", {"num_classes": C, "target_class_ids": [0, 2]}, "classes", VECTOR),
    "iou float": ("IoU", {"num_classes": C, "target_class_ids": [3], "dtype": "float32"}, "classes", (N, 2)),
    "iou labels": ("IoU", {"num_classes": C, "target_class_ids": [1, 2], "sparse_y_pred": False}, "labels", SEQUENCE),
    "binary iou": ("BinaryIoU", {"threshold": 0.25, "dtype": "float32"}, "bits", MATRIX),
    "mean iou": ("MeanIoU", {"num_classes": C - 1, "ignore_class": 1}, "classes", VECTOR),
    "one hot iou": ("OneHotIoU", {"num_classes": C, "target_class_ids": [0, 2]}, "one hot", SEQUENCE),
    "one hot mean iou": ("OneHotMeanIoU", {"num_classes": C, "ignore_class": 0}, "one hot", MATRIX),
    "r2": ("R2Score", {}, "numbers", MATRIX),
    "r2 each": ("R2Score", {"class_aggregation": None, "num_regressors": 3}, "numbers", MATRIX),
    "r2 variance": ("R2Score", {"class_aggregation": "variance_weighted_average"}, "numbers", (N, 1)),
    "pearson": ("PearsonCorrelation", {}, "numbers", MATRIX),
    "pearson axis": ("PearsonCorrelation", {"axis": 1}, "numbers", SEQUENCE),
    "concordance": ("ConcordanceCorrelation", {}, "numbers", MATRIX),
    "concordance axis": ("ConcordanceCorrelation", {"axis": 0}, "numbers", MATRIX),
}


def batches(kind, shape, seed=0):
    """Batches of (targets, predictions)."""
    rng = np.random.default_rng(seed)
    for _ in range(BATCHES):
        x = np.where(rng.random(shape) < 0.3, rng.choice(EDGES, shape), rng.random(shape)).astype("float32")
        if kind == "bits":
            yield (rng.random(shape) < 0.4).astype("float32"), x
        elif kind == "one hot":
            yield np.eye(shape[-1], dtype="float32")[rng.integers(0, shape[-1], shape[:-1])], x
        elif kind == "labels":
            yield rng.integers(0, shape[-1], shape[:-1]), x
        elif kind == "classes":  # some are beyond the classes
            yield rng.integers(0, C + 1, shape), rng.integers(-1, C, shape)
        else:
            yield (2 * rng.random(shape)).astype("float32"), x


def weights(how, name, shape):
    """Sample weights: one per sample, or one per value. Eighths, so that Keras's sums in float32 are exact, too."""
    rng = np.random.default_rng(3)
    if how == "none":
        return None
    if "IoU" in name:  # one weight per pair of classes
        return rng.integers(0, 4, shape).astype("int32")
    if how == "number":
        return np.float32(2.5)
    return (rng.integers(0, 17, shape[:1] if how == "sample" else shape) / 8).astype("float32")


def hows(case):
    name, arguments, _, shape = CASES[case]
    if "IoU" in name:
        return ["none", "value"]
    if name in ("F1Score", "FBetaScore") or ("Correlation" in name and arguments.get("axis") != 0):
        return ["none", "sample"]
    if "Correlation" in name:
        return ["none"]
    if name == "R2Score":
        return ["none", "sample", "value"]
    wide = ["value"] if "class_id" not in arguments else []
    return ["none", "number", *(["sample"] if len(shape) < 3 else []), *wide]


def numbers(x):
    return np.asarray(x, "float64")


@pytest.mark.parametrize("case", CASES)
def test_states_and_results(case):
    """One batch after another has another kind of weights, since each run of Keras costs much compiling."""
    name, arguments, kind, shape = CASES[case]
    ours, theirs = getattr(metrics, name)(**arguments), getattr(keras.metrics, name)(**arguments)
    labels = shape[:-1] if kind in ("labels", "one hot") else shape
    kinds = itertools.cycle(hows(case))
    for again in range(2):
        for t, x in batches(kind, shape, again):
            w = weights(next(kinds), name, labels if "IoU" in name else shape)
            theirs.update_state(t, x, sample_weight=w)
            ours.update_state(t, x, sample_weight=w)
        np.testing.assert_allclose(numbers(ours.result()), numbers(theirs.result()), rtol=2e-5, atol=2e-6)
        assert numbers(ours.result()).shape == np.shape(theirs.result())
        for a, b in zip(ours.variables, theirs.variables, strict=True):
            assert a.name == b.name
            np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-6, atol=1e-7, err_msg=a.name)
        ours.reset_state()
        theirs.reset_state()
        assert not any(numbers(v).any() for v in ours.variables)


@pytest.mark.parametrize("case", ["precision", "auc", "auc pr", "f2 weighted", "r2", "pearson"])
def test_in_float64_to_the_last_digits(case):
    name, arguments, kind, shape = CASES[case]
    w = weights("sample", name, shape).astype("float64")
    with keras64.float64():
        ours, theirs = (getattr(m, name)(**arguments, dtype="float64") for m in (metrics, keras.metrics))
        for t, x in batches(kind, shape):
            for m in (ours, theirs):
                m.update_state(t.astype("float64"), x.astype("float64") * 0.999, sample_weight=w)
        np.testing.assert_allclose(numbers(ours.result()), numbers(theirs.result()), rtol=1e-11)


@pytest.mark.parametrize("case", CASES)
def test_configs_go_there_and_back(case):
    name, arguments, _, _ = CASES[case]
    original, theirs = getattr(metrics, name)(**arguments, name="mine"), getattr(keras.metrics, name)(**arguments)
    again = metrics.deserialize(metrics.serialize(original))
    assert type(again) is type(original)
    assert again.get_config() == original.get_config()
    expected = {**theirs.get_config(), "name": "mine"}
    for key in ("label_weights", "curve", "summation_method"):
        if key in expected and expected[key] is not None:
            expected[key] = np.asarray(getattr(expected[key], "value", expected[key])).tolist()
    assert original.get_config() == expected
    assert type(metrics.deserialize(keras.metrics.serialize(theirs))) is type(original)
    assert getattr(original, "_direction", None) == getattr(theirs, "_direction", None)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("case", CASES)
def test_copies_continue_alone(case, copied):
    name, arguments, kind, shape = CASES[case]
    m = getattr(metrics, name)(**arguments)
    data = list(batches(kind, shape))
    m.update_state(*data[0])
    before = numbers(m.result())
    other = copied(m)
    np.testing.assert_array_equal(numbers(other.result()), before)
    other.update_state(*data[1])
    np.testing.assert_array_equal(numbers(m.result()), before)
    m.update_state(*data[1])
    np.testing.assert_array_equal(numbers(other.result()), numbers(m.result()))
    assert len({id(v) for v in (*m.variables, *other.variables)}) == 2 * len(m.variables)


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_step_gives_the_eager_state(case):
    name, arguments, kind, shape = CASES[case]
    eager, recorded = getattr(metrics, name)(**arguments), getattr(metrics, name)(**arguments)
    data = list(batches(kind, shape))
    result = _core.empty(shape_of_result(eager, data[0]), "float64")
    tape = _core.Tape(record=True)
    with tape:
        t, x = (tape.input(a.shape, str(a.dtype), key) for a, key in zip(data[0], "tx", strict=True))
        recorded.update_state(t, x)
        _core.assign(recorded.result(), result)
        plan = tape.compile([])
    recorded.reset_state()
    for t, x in data:
        eager.update_state(t, x)
        plan.run([t, x])
    for a, b in zip(recorded.variables, eager.variables, strict=True):
        np.testing.assert_array_equal(numbers(a), numbers(b))
    np.testing.assert_allclose(numbers(result), numbers(eager.result()), rtol=1e-14)


def shape_of_result(metric, batch):
    """The shape of the metric's result."""
    other = copy.deepcopy(metric)
    other.update_state(*batch)
    return numbers(other.result()).shape


def test_all_of_keras_names():
    for name in keras.src.metrics.ALL_OBJECTS_DICT:
        theirs = keras.src.metrics.ALL_OBJECTS_DICT[name]
        assert metrics._table.objects[name].__name__ == theirs.__name__
        assert getattr(metrics, theirs.__name__) is metrics._table.objects[name]
    for name in dir(keras.metrics):
        assert name.startswith("_") or hasattr(metrics, name)


@pytest.mark.parametrize("case", ["precision", "auc edges", "f1", "one hot mean iou", "r2", "pearson"])
def test_only_means_see_the_mask_of_the_predictions(case):
    name, arguments, kind, shape = CASES[case]
    ours, theirs = getattr(metrics, name)(**arguments), getattr(keras.metrics, name)(**arguments)
    t, x = next(batches(kind, shape))
    plain = getattr(metrics, name)(**arguments)
    plain.update_state(t, x)
    mask = np.arange(N) % 3 > 0
    masked, keras_masked = ops.convert_to_tensor(x), keras.ops.convert_to_tensor(x)
    masked._keras_mask = mask
    set_keras_mask(keras_masked, keras.ops.convert_to_tensor(mask))
    ours.update_state(t, masked)
    theirs.update_state(t, keras_masked)
    np.testing.assert_allclose(numbers(ours.result()), numbers(theirs.result()), rtol=2e-5)
    assert np.array_equal(numbers(ours.result()), numbers(plain.result())) == (case != "pearson")


def test_weights_that_are_cut_off_are_warned_of():
    m = metrics.MeanIoU(2)
    with pytest.warns(UserWarning, match="passing weight as `float`"):
        m.update_state([0, 1, 1], [0, 1, 0], sample_weight=np.array([1.9, 0.5, 2.0]))
    np.testing.assert_array_equal(numbers(m.total_cm), [[1, 0], [2, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics.MeanIoU(2, dtype="float32").update_state([0, 1], [0, 1], sample_weight=np.array([1.5, 0.5]))


def test_few_samples_for_an_adjusted_r2_are_warned_of():
    for regressors, text in ((5, "More independent predictors"), (3, "Division by zero")):
        m = metrics.R2Score(num_regressors=regressors)
        m.update_state([[1.0], [2.0], [3.0], [5.0]], [[1.0], [2.0], [3.0], [4.0]])
        with pytest.warns(UserWarning, match=text):
            assert float(m.result()) == pytest.approx(1 - 1 / 8.75)

"""Masks of predictions in losses and metrics, as in Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras.src.backend import set_keras_mask

import netlet
from netlet import layers, losses, metrics, ops
from netlet.losses.masked import apply_mask

MASK = np.array([[True, True, False, True], [True, False, False, False], [False] * 4])
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]
rng = np.random.default_rng(0)
TRUE, PRED = rng.uniform(0.1, 0.9, (3, 4, 5)).astype("float32"), rng.uniform(0.1, 0.9, (3, 4, 5)).astype("float32")
LABELS = rng.integers(0, 5, (3, 4))
WEIGHTS = {
    "none": None,
    "values": rng.uniform(0.5, 2, (3, 4)).astype("float32"),
    "column": rng.uniform(0.5, 2, (3, 1)).astype("float32"),
}

FUSED = ["MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "KLDivergence", "BinaryCrossentropy", "Poisson"]
FUSED += ["MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "CategoricalCrossentropy"]
OTHERS = ["CosineSimilarity", "BinaryFocalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge"]


def predictions(mask=MASK, values=PRED):
    ours, theirs = ops.convert_to_tensor(values), keras.ops.convert_to_tensor(values)
    ours._keras_mask = mask
    set_keras_mask(theirs, keras.ops.convert_to_tensor(mask))
    return ours, theirs


def agree(ours, theirs, rtol=3e-6):
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", FUSED + OTHERS)
def test_losses(name, reduction, weights):
    ours, theirs = predictions()
    w = WEIGHTS[weights]
    agree(
        getattr(losses, name)(reduction=reduction)(TRUE, ours, w),
        getattr(keras.losses, name)(reduction=reduction)(TRUE, theirs, w),
    )


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("ignore", [None, 2])
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1)])
def test_sparse_crossentropy(shape, ignore, reduction, weights):
    ours, theirs = predictions()
    w, labels = WEIGHTS[weights], LABELS.reshape(shape)
    more = {"reduction": reduction, "ignore_class": ignore}
    agree(
        losses.SparseCategoricalCrossentropy(**more)(labels, ours, w),
        keras.losses.SparseCategoricalCrossentropy(**more)(labels, theirs, w),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_nothing_counts(reduction):
    ours, theirs = predictions(np.zeros((3, 4), bool))
    for name in ("MeanSquaredError", "CosineSimilarity"):
        agree(
            getattr(losses, name)(reduction=reduction)(TRUE, ours),
            getattr(keras.losses, name)(reduction=reduction)(TRUE, theirs),
        )


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_masks_of_other_types(dtype):
    mask = MASK.astype(dtype) * (1 if dtype == "int32" else 0.5)
    ours, theirs = predictions(mask.astype(dtype))
    for reduction in ("mean", "sum"):
        agree(
            losses.MeanSquaredError(reduction=reduction)(TRUE, ours),
            keras.losses.MeanSquaredError(reduction=reduction)(TRUE, theirs),
        )


def test_one_weight_a_sample_is_for_all_its_steps():
    w = np.array([2.0, 3.0, 5.0], "float32")
    ours, _ = predictions()
    agree(losses.MeanSquaredError()(TRUE, ours, w), losses.MeanSquaredError()(TRUE, ours, w[:, None]))


def test_a_mask_that_does_not_fit():
    ours, _ = predictions(np.ones((3, 3), bool))
    with pytest.raises(ValueError):
        losses.MeanSquaredError()(TRUE, ours)
    with pytest.raises(ValueError):
        metrics.MeanSquaredError().update_state(TRUE, ours)


def test_values_with_a_mask_of_their_own():
    class Own(losses.Loss):
        def call(self, y_true, y_pred):
            values = ops.mean(ops.square(y_true - y_pred), axis=-1)
            values._keras_mask = ops.greater(values, 0.1)
            return values

    class Theirs(keras.losses.Loss):
        def call(self, y_true, y_pred):
            values = keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)
            set_keras_mask(values, values > 0.1)
            return values

    ours, theirs = predictions()
    agree(Own()(TRUE, ours), Theirs()(TRUE, theirs))
    agree(Own()(TRUE, PRED), Theirs()(TRUE, PRED))


def test_float64_and_gradients():
    x = ops.convert_to_tensor(PRED.astype("float64"))
    x._keras_mask = MASK
    for loss in (losses.MeanSquaredError(), losses.CosineSimilarity(), losses.KLDivergence(reduction="sum")):
        with netlet.GradientTape() as tape:
            tape.watch(x)
            value = loss(TRUE.astype("float64"), x)
        g = tape.gradient(value, x).numpy()
        assert value.dtype == "float64"
        assert not g[~MASK].any()
        h = 1e-6
        for place in ((0, 0, 0), (1, 0, 3)):
            far = []
            for sign in (1, -1):
                moved = PRED.astype("float64")
                moved[place] += sign * h
                moved = ops.convert_to_tensor(moved)
                moved._keras_mask = MASK
                far.append(float(loss(TRUE.astype("float64"), moved)))
            np.testing.assert_allclose(g[place], (far[0] - far[1]) / (2 * h), rtol=1e-6, atol=1e-9)


def test_apply_mask_without_a_mask():
    assert apply_mask(None, None, "float32", "sum") is None
    assert apply_mask(3.0, None, "float32", "sum") == 3.0


# ---- metrics ---------------------------------------------------------------------------------------------------------
METRICS = [
    ("MeanSquaredError", TRUE),
    ("CosineSimilarity", TRUE),
    ("KLDivergence", TRUE),
    ("CategoricalCrossentropy", TRUE),
    ("BinaryAccuracy", (TRUE > 0.5).astype("float32")),
    ("CategoricalAccuracy", TRUE),
    ("SparseCategoricalAccuracy", LABELS),
    ("SparseCategoricalCrossentropy", LABELS),
    ("TopKCategoricalAccuracy", TRUE),
    ("SparseTopKCategoricalAccuracy", LABELS),
    ("RootMeanSquaredError", TRUE),
]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(("name", "y"), METRICS, ids=[name for name, _ in METRICS])
def test_metrics(name, y, weights):
    more = {"k": 2} if "TopK" in name else {}
    a, b = getattr(metrics, name)(**more), getattr(keras.metrics, name)(**more)
    w = WEIGHTS[weights]
    if name in ("BinaryAccuracy", "RootMeanSquaredError") and w is not None:
        w = w[..., None]  # one weight for each step of the values (3, 4, 5)
    for seed in range(2):
        mask = np.roll(MASK, seed, axis=0)
        if name == "BinaryAccuracy":
            mask = mask[..., None]
        ours, theirs = predictions(mask)
        a.update_state(y, ours, w)
        b.update_state(y, theirs, w)
    agree(a.result(), b.result(), 1e-5)


def test_mean_of_masked_values():
    for w in (None, WEIGHTS["values"]):
        ours, theirs = predictions(MASK, PRED[..., 0])
        a, b = metrics.Mean(), keras.metrics.Mean()
        a.update_state(ours, w)
        b.update_state(theirs, w)
        agree(a.result(), b.result())


# ---- training --------------------------------------------------------------------------------------------------------
def tagger(library, loss, weighted, loss_arguments):
    L = library.layers
    x = library.Input((4,), dtype="int32")
    y = L.Dense(5, "softmax")(L.Embedding(6, 3, mask_zero=True)(x))
    model = library.Model(x, y)
    w = np.random.default_rng(1)
    model.set_weights([w.uniform(-1, 1, v.shape).astype("float32") for v in model.get_weights()])
    model.compile(
        library.optimizers.SGD(0.5),
        getattr(library.losses, loss)(**loss_arguments),
        metrics=["accuracy"],
        weighted_metrics=[library.metrics.SparseCategoricalCrossentropy(name="ce")] if weighted else None,
    )
    return model


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
def test_training(weighted, reduction, eagerly):
    ids = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [4, 5, 1, 2], [2, 2, 5, 0], [1, 0, 0, 0]])
    labels = np.random.default_rng(2).integers(0, 5, (5, 4))
    w = np.random.default_rng(3).uniform(0.5, 2, (5, 4)).astype("float32") if weighted else None
    results = []
    for library in (netlet, keras):
        model = tagger(library, "SparseCategoricalCrossentropy", weighted, {"reduction": reduction})
        model.run_eagerly = eagerly
        first = [model.test_on_batch(ids, labels, sample_weight=w, return_dict=True)]
        logs = first + [model.train_on_batch(ids, labels, sample_weight=w, return_dict=True) for _ in range(2)]
        history = model.fit(ids, labels, sample_weight=w, batch_size=2, epochs=2, shuffle=False, verbose=0).history
        logs.append({k: v[-1] for k, v in history.items()})
        logs.append(model.evaluate(ids, labels, sample_weight=w, batch_size=2, verbose=0, return_dict=True))
        results.append((logs, model.get_weights()))
    (ours, a), (theirs, b) = results
    for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
        assert x.keys() == y.keys()
        # In a training step, Keras on JAX loses the mask between the loss and the metrics; in a test step it does not.
        for key in x if i in (0, 4) else ["loss"]:
            np.testing.assert_allclose(float(x[key]), float(y[key]), rtol=2e-5, err_msg=f"{i} {key}")
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-5, atol=1e-6)
    for key in ours[0]:
        np.testing.assert_allclose(ours[0][key], ours[1][key], rtol=1e-6)  # test_on_batch and the first train_on_batch


def test_padding_changes_nothing():
    """Longer padding gives the same loss: masked steps do not count."""
    results = []
    for length in (4, 9):
        ids, labels = np.zeros((2, length), int), np.zeros((2, length), int)
        ids[:, :3], labels[:, :3] = [[1, 2, 3], [4, 5, 1]], [[1, 2, 3], [4, 0, 1]]
        x = netlet.Input((length,), dtype="int32")
        netlet.utils.set_random_seed(0)
        model = netlet.Model(x, layers.Dense(5)(layers.Embedding(6, 3, mask_zero=True)(x)))
        loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, metrics=["sparse_categorical_accuracy"])
        results.append([*model.evaluate(ids, labels, verbose=0), model.train_on_batch(ids, labels)[0]])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)

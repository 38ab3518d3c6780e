"""Every loss, as a function and as a class, with every argument, against Keras's values and gradients in float64."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import netlet
from netlet import _core, losses
from support import keras64

RNG = np.random.default_rng(7)
N, C = 6, 5
NUMBERS = RNG.normal(size=(N, C)), RNG.normal(size=(N, C))
POSITIVE = RNG.uniform(0, 3, (N, C)), RNG.uniform(0.1, 3, (N, C))
SHARES = RNG.dirichlet(np.ones(C), N), RNG.dirichlet(np.ones(C), N)
BITS = RNG.integers(0, 2, (N, C)).astype(float), RNG.uniform(0.02, 0.98, (N, C))
BIT_LOGITS = BITS[0], RNG.normal(size=(N, C)) * 3
SIGNS = BITS[0] * 2 - 1, RNG.normal(size=(N, C))
ONE_HOT = np.eye(C)[RNG.integers(0, C, N)], SHARES[1]
HOT_LOGITS = ONE_HOT[0], RNG.normal(size=(N, C)) * 3
LABELS = RNG.integers(0, C, N), SHARES[1]
LABEL_LOGITS = LABELS[0], HOT_LOGITS[1]
UNIT_ROWS = NUMBERS[1] / np.linalg.norm(NUMBERS[1], axis=-1, keepdims=True)
GROUPS = np.array([0, 1, 0, 2, 1, 2]), UNIT_ROWS
SPELLINGS = np.array([[1, 2, 0], [3, 3, 0], [0, 0, 0], [4, 0, 0], [2, 1, 2], [1, 1, 1]]), RNG.normal(size=(N, 7, C))

# name of the class, arguments, data
CASES = {
    "mse": ("MeanSquaredError", {}, NUMBERS),
    "mae": ("MeanAbsoluteError", {}, NUMBERS),
    "mape": ("MeanAbsolutePercentageError", {}, NUMBERS),
    "msle": ("MeanSquaredLogarithmicError", {}, POSITIVE),
    "huber": ("Huber", {"delta": 0.4}, NUMBERS),
    "log_cosh": ("LogCosh", {}, NUMBERS),
    "poisson": ("Poisson", {}, POSITIVE),
    "cosine": ("CosineSimilarity", {}, NUMBERS),
    "cosine axis": ("CosineSimilarity", {"axis": 0}, NUMBERS),
    "hinge": ("Hinge", {}, SIGNS),
    "hinge of bits": ("Hinge", {}, (BITS[0], SIGNS[1])),
    "squared_hinge": ("SquaredHinge", {}, SIGNS),
    "categorical_hinge": ("CategoricalHinge", {}, (ONE_HOT[0], SIGNS[1])),
    "kld": ("KLDivergence", {}, SHARES),
    "dice": ("Dice", {}, BITS),
    "dice axis": ("Dice", {"axis": 1}, BITS),
    "tversky": ("Tversky", {"alpha": 0.3, "beta": 0.7}, BITS),
    "bce": ("BinaryCrossentropy", {}, BITS),
    "bce smoothed": ("BinaryCrossentropy", {"label_smoothing": 0.2}, BITS),
    "bce logits": ("BinaryCrossentropy", {"from_logits": True}, BIT_LOGITS),
    "bce axis": ("BinaryCrossentropy", {"axis": 0}, BITS),
    "bce focal": ("BinaryFocalCrossentropy", {}, BITS),
    "bce focal all": (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5, "from_logits": True, "label_smoothing": 0.1},
        BIT_LOGITS,
    ),
    "cce": ("CategoricalCrossentropy", {}, ONE_HOT),
    "cce of shares": ("CategoricalCrossentropy", {}, SHARES),
    "cce smoothed": ("CategoricalCrossentropy", {"label_smoothing": 0.2}, ONE_HOT),
    "cce logits": ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, HOT_LOGITS),
    "cce axis": ("CategoricalCrossentropy", {"axis": 0}, (ONE_HOT[0].T, ONE_HOT[1].T)),
    "cce focal": ("CategoricalFocalCrossentropy", {}, ONE_HOT),
    "cce focal all": (
        "CategoricalFocalCrossentropy",
        {"alpha": 0.4, "gamma": 1.5, "from_logits": True, "label_smoothing": 0.1},
        HOT_LOGITS,
    ),
    "scce": ("SparseCategoricalCrossentropy", {}, LABELS),
    "scce column": ("SparseCategoricalCrossentropy", {}, (LABELS[0][:, None], LABELS[1])),
    "scce logits": ("SparseCategoricalCrossentropy", {"from_logits": True}, LABEL_LOGITS),
    "scce ignore": ("SparseCategoricalCrossentropy", {"ignore_class": int(LABELS[0][0])}, LABELS),
    "scce ignore logits": (
        "SparseCategoricalCrossentropy",
        {"ignore_class": int(LABELS[0][0]), "from_logits": True},
        LABEL_LOGITS,
    ),
    "ctc": ("CTC", {}, SPELLINGS),
    "circle": ("Circle", {}, GROUPS),
    "circle all": ("Circle", {"gamma": 3.0, "margin": 0.2, "remove_diagonal": False}, GROUPS),
    "circle column": ("Circle", {"gamma": 5.0}, (GROUPS[0][:, None], UNIT_ROWS)),
    "gce": ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, LABELS),
    "gce of pixels": (
        "CategoricalGeneralizedCrossEntropy",
        {"q": 0.7},
        (LABELS[0].reshape(2, 3), LABELS[1].reshape(2, 3, C)),
    ),
}
FUNCTIONS = {
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "Huber": "huber",
    "LogCosh": "log_cosh",
    "Poisson": "poisson",
    "CosineSimilarity": "cosine_similarity",
    "Hinge": "hinge",
    "SquaredHinge": "squared_hinge",
    "CategoricalHinge": "categorical_hinge",
    "KLDivergence": "kl_divergence",
    "Dice": "dice",
    "Tversky": "tversky",
    "BinaryCrossentropy": "binary_crossentropy",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "CTC": "ctc",
    "Circle": "circle",
    "CategoricalGeneralizedCrossEntropy": "categorical_generalized_cross_entropy",
}


def gradient(f, x):
    leaf = _core.tensor(x)
    leaf.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = f(leaf)
        (dx,) = tape.gradients(y, [leaf])
    return np.asarray(y), np.asarray(dx)


def agree(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_functions(case):
    name, arguments, (t, x) = CASES[case]
    ours, theirs = getattr(losses, FUNCTIONS[name]), getattr(keras.losses, FUNCTIONS[name])
    agree(
        gradient(lambda v: ours(t, v, **arguments), x),
        keras64.value_and_gradient(lambda v: theirs(t, v, **arguments), x),
    )


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None])
@pytest.mark.parametrize("case", CASES)
def test_classes(case, reduction):
    name, arguments, (t, x) = CASES[case]
    ours = getattr(losses, name)(**arguments, reduction=reduction, dtype="float64")
    with keras64.float64():
        theirs = getattr(keras.losses, name)(**arguments, reduction=reduction, dtype="float64")
    agree(gradient(lambda v: ours(t, v), x), keras64.value_and_gradient(lambda v: theirs(t, v), x))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("case", [c for c in CASES if not {"axis", "dice", "tversky", "pixels"} & set(c.split())])
def test_sample_weights(case, reduction):
    name, arguments, (t, x) = CASES[case]
    w = np.random.default_rng(1).uniform(0, 2, N)
    ours = getattr(losses, name)(**arguments, reduction=reduction, dtype="float64")
    with keras64.float64():
        theirs = getattr(keras.losses, name)(**arguments, reduction=reduction, dtype="float64")
    agree(
        gradient(lambda v: ours(t, v, sample_weight=w), x),
        keras64.value_and_gradient(lambda v: theirs(t, v, sample_weight=w), x),
    )


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "none"])
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3), (1, 3), (1,), ()], ids=str)
@pytest.mark.parametrize("name", ["MeanSquaredError", "CategoricalCrossentropy", "CosineSimilarity"])
def test_weights_of_sequences(name, shape, reduction):
    rng = np.random.default_rng(2)
    t, x = rng.dirichlet(np.ones(5), (4, 3)), rng.dirichlet(np.ones(5), (4, 3))
    w = rng.uniform(0.1, 2, shape)
    ours = getattr(losses, name)(reduction=reduction, dtype="float64")
    with keras64.float64():
        theirs = getattr(keras.losses, name)(reduction=reduction, dtype="float64")
    try:
        expected = keras64.value_and_gradient(lambda v: theirs(t, v, sample_weight=w), x)
    except (ValueError, TypeError):
        if shape == (4,):  # one weight for each sequence (the first axis of the values)
            y = np.asarray(ours(t, x, sample_weight=w))
            np.testing.assert_array_equal(y, np.asarray(ours(t, x, sample_weight=w[:, None])))
        else:
            with pytest.raises(ValueError):
                ours(t, x, sample_weight=w)
        return
    agree(gradient(lambda v: ours(t, v, sample_weight=w), x), expected)


@pytest.mark.parametrize(
    ("true_shape", "pred_shape"),
    [((6,), (6, 1)), ((6, 1), (6,)), ((6,), (6,)), ((6, 3, 1), (6, 3)), ((6, 3), (6, 3, 1))],
    ids=str,
)
@pytest.mark.parametrize("name", ["MeanSquaredError", "MeanAbsoluteError", "Huber", "BinaryCrossentropy"])
def test_ranks_are_matched(name, true_shape, pred_shape):
    rng = np.random.default_rng(3)
    t, x = rng.uniform(0.1, 0.9, true_shape), rng.uniform(0.1, 0.9, pred_shape)
    ours = getattr(losses, name)(dtype="float64")
    with keras64.float64():
        theirs = getattr(keras.losses, name)(dtype="float64")
    agree(gradient(lambda v: ours(t, v), x), keras64.value_and_gradient(lambda v: theirs(t, v), x))


@pytest.mark.parametrize("case", CASES)
def test_configs_go_there_and_back(case):
    name, arguments, (t, x) = CASES[case]
    original = getattr(losses, name)(**arguments, reduction="sum", name="mine")
    config = original.get_config()
    assert config["name"] == "mine"
    assert config["reduction"] == "sum"
    again = losses.deserialize(losses.serialize(original))
    assert type(again) is type(original)
    assert again.get_config() == config
    assert float(again(t, x)) == float(original(t, x))
    theirs = getattr(keras.losses, name)(**arguments).get_config()
    assert theirs.keys() <= getattr(losses, name)(**arguments).get_config().keys()
    from_keras = losses.deserialize(keras.losses.serialize(getattr(keras.losses, name)(**arguments)))
    assert type(from_keras) is type(original)


@pytest.mark.parametrize("case", CASES)
def test_defaults_are_kerass(case):
    name = CASES[case][0]
    ours, theirs = getattr(losses, name)().get_config(), getattr(keras.losses, name)().get_config()
    assert {k: ours[k] for k in theirs} == theirs


def test_functions_serialize_too():
    f = losses.get("mae")
    assert losses.deserialize(losses.serialize(f)) is f
    wrapper = losses.LossFunctionWrapper(losses.huber, delta=0.5)
    again = losses.LossFunctionWrapper.from_config(wrapper.get_config())
    assert float(again([[0.0]], [[2.0]])) == float(wrapper([[0.0]], [[2.0]])) == 0.5 * 2 - 0.125


@pytest.mark.parametrize(
    "name",
    [
        "mse",
        "MSE",
        "mae",
        "MAE",
        "mape",
        "msle",
        "bce",
        "BCE",
        "kld",
        "KLD",
        "huber",
        "Huber",
        "hinge",
        "log_cosh",
        "poisson",
        "ctc",
        "CTC",
    ],
)
def test_names(name):
    ours, theirs = losses.get(name), keras.losses.get(name)
    assert type(ours).__name__ == type(theirs).__name__
    assert getattr(ours, "__name__", "") == getattr(theirs, "__name__", "")


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match="categorical_crossentropy"):
        losses.get("categorical_crosentropy")
    with pytest.raises(ValueError, match="Could not interpret"):
        losses.get(3)
    with pytest.raises(ValueError, match="reduction"):
        losses.MeanSquaredError(reduction="median")
    assert losses.get(None) is None
    assert isinstance(losses.get({"class_name": "Huber", "config": {"delta": 2.0}}), losses.Huber)


def test_circle_with_references():
    rng = np.random.default_rng(5)
    others = rng.normal(size=(8, C))
    arguments = {
        "ref_embeddings": others / np.linalg.norm(others, axis=-1, keepdims=True),
        "ref_labels": np.arange(8) % 3,
        "remove_diagonal": False,
        "gamma": 4.0,
    }
    agree(
        gradient(lambda v: losses.circle(GROUPS[0], v, **arguments), UNIT_ROWS),
        keras64.value_and_gradient(lambda v: keras.losses.circle(GROUPS[0], v, **arguments), UNIT_ROWS),
    )


def test_circle_of_samples_without_a_pair():
    """Sample 2 has no other of its label. Keras's value is the same, but its gradient is NaN."""
    labels = np.array([0, 0, 1, 2, 2, 0])
    ours, slope = gradient(lambda v: losses.Circle(dtype="float64")(labels, v), UNIT_ROWS)
    with keras64.float64():
        theirs = keras.losses.Circle(dtype="float64")(labels, UNIT_ROWS)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-10)
    assert np.isfinite(slope).all()
    assert losses.circle(labels, UNIT_ROWS)[2] == 0.0
    value, slope = gradient(lambda v: losses.Circle(dtype="float64")(np.arange(6), v), UNIT_ROWS)
    assert value == 0.0
    np.testing.assert_array_equal(slope, 0.0)


def test_generalized_crossentropy_of_a_column_of_labels():
    """Keras documents labels of shape (batch, 1), but returns (batch, batch) values for them."""
    t, x = LABELS
    np.testing.assert_array_equal(
        losses.categorical_generalized_cross_entropy(t[:, None], x, 0.5),
        losses.categorical_generalized_cross_entropy(t, x, 0.5),
    )
    with pytest.raises(ValueError, match=r"q in the interval \(0, 1\), received 1"):
        losses.CategoricalGeneralizedCrossEntropy(q=1)


def test_errors_of_circle():
    with pytest.raises(ValueError, match=r"y_true of shape \(6,\).*received \(6, 5\)"):
        losses.circle(ONE_HOT[0], UNIT_ROWS)
    with pytest.raises(ValueError, match=r"y_pred of shape \(rows, d\), received \(6,\)"):
        losses.circle(GROUPS[0], UNIT_ROWS[:, 0])


def test_errors_name_both_shapes():
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4, 5\)"):
        losses.mean_squared_error(np.zeros((4, 3)), np.zeros((4, 5)))
    with pytest.raises(ValueError, match=r"\(4,\).*\(4, 3\).*sparse_categorical_crossentropy"):
        losses.categorical_crossentropy(np.zeros(4), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"\(4,\).*\(4, 3\)"):
        losses.binary_crossentropy(np.zeros(4), np.zeros((4, 3)))
    with pytest.raises(ValueError, match="axis"):
        losses.categorical_crossentropy(np.zeros((4, 3)), np.zeros((4, 3)), axis=True)
    with pytest.warns(SyntaxWarning, match="binary_crossentropy"):
        losses.categorical_crossentropy(np.ones((4, 1)), np.ones((4, 1)))


def test_epsilon_can_be_set():
    before = netlet.config.epsilon()
    try:
        netlet.config.set_epsilon(1e-3)
        assert losses.binary_crossentropy([[1.0]], [[0.0]])[0] == pytest.approx(-np.log(1e-3), rel=1e-6)
    finally:
        netlet.config.set_epsilon(before)


def test_lists_numbers_and_arrays_go_in_a_tensor_comes_out():
    y = losses.MeanSquaredError()([0, 1], [1.0, 3.0])
    assert isinstance(y, netlet.Tensor)
    assert float(y) == 2.5
    assert isinstance(losses.mean_squared_error(np.zeros((2, 1)), np.ones((2, 1))), netlet.Tensor)
    assert losses.mean_squared_error([[0, 1]], [[1, 3]]).dtype == np.float32
    assert losses.MeanSquaredError(dtype="float32")(np.zeros((2, 1)), np.ones((2, 1))).dtype == "float32"


def test_a_loss_of_ones_own_gets_floats():
    class Own(losses.Loss):
        def call(self, y_true, y_pred):
            return netlet.ops.mean(netlet.ops.square(y_true - y_pred), axis=-1)

    assert float(Own()(np.array([[0, 1]]), np.array([[1.0, 3.0]], dtype="float32"))) == 2.5
    assert Own().name.startswith("own")
    with pytest.raises(NotImplementedError, match=r"Loss must implement call"):
        losses.Loss()([0.0], [1.0])


def test_symbolic_arguments_become_part_of_the_graph():
    x = netlet.Input((3,))
    y = netlet.layers.Dense(3)(x)
    model = netlet.Model(x, losses.mean_squared_error(x, y))
    value = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    kernel, bias = model.get_weights()
    expected = ((value - (value @ kernel + bias)) ** 2).mean(-1)
    np.testing.assert_allclose(model.predict(value, verbose=0), expected, rtol=1e-5)

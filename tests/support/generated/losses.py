"""Generated calls of every loss."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from support.generated.arrays import OTHER_SEEDS, SEEDS, bits, ints, normal, optional, shapes, uniform, whole


class Case(NamedTuple):
    """Arguments of a loss class, targets, predictions, weights of the samples or None."""

    arguments: dict[str, Any]
    y_true: np.ndarray
    y_pred: np.ndarray
    sample_weight: np.ndarray | None = None

    @property
    def targets_are_classes(self) -> bool:
        """Whether there is no gradient with respect to the targets."""
        return self.y_true.dtype.kind in "iu"


REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None]


def distributions(seed: int, shape: Any, axis: int = -1) -> np.ndarray:
    x = uniform(seed, shape, 0.2, 1.0)
    return x / x.sum(axis, keepdims=True)


@st.composite
def finished(
    draw: Any, arguments: dict[str, Any], y_true: np.ndarray, y_pred: np.ndarray, weighted: bool = True
) -> Case:
    """The case with a reduction and, if each sample has a value of its own, weights for them."""
    weight = uniform(draw(SEEDS), y_pred.shape[0], 0.2, 2.0) if weighted and draw(st.booleans()) else None
    return Case({**arguments, "reduction": draw(st.sampled_from(REDUCTIONS))}, y_true, y_pred, weight)


@st.composite
def regression(draw: Any, options: dict[str, Any], positive: bool = False) -> Case:
    shape = draw(shapes(2, 3))
    values = uniform if positive else normal
    y_true, y_pred = values(draw(OTHER_SEEDS), shape), values(draw(SEEDS), shape)
    return draw(finished(draw(optional(options)), y_true, y_pred))


@st.composite
def cosine(draw: Any) -> Case:
    shape = draw(shapes(2, 3, min_side=2))
    axis = draw(st.sampled_from([-1, len(shape) - 1]))
    return draw(finished({"axis": axis}, normal(draw(OTHER_SEEDS), shape), normal(draw(SEEDS), shape)))


@st.composite
def hinge(draw: Any, one_hot: bool = False) -> Case:
    """Signs or one-hot rows as whole numbers, or targets of any size. Only these have gradients: the hinge losses take
    the targets for classes where all of them are 0 or 1."""
    shape = draw(shapes(2, 3, min_side=2))
    signs = (2 * bits(draw(SEEDS), shape) - 1).astype("int32")
    hot = np.eye(shape[-1], dtype="int32")[whole(draw(SEEDS), shape[:-1], 0, shape[-1])]
    y_true = draw(st.sampled_from([hot if one_hot else signs, normal(draw(OTHER_SEEDS), shape)]))
    return draw(finished({}, y_true, normal(draw(SEEDS), shape)))


@st.composite
def overlap(draw: Any, options: dict[str, Any]) -> Case:
    shape = draw(shapes(2, 4, min_side=2))
    axis = draw(st.sampled_from([None, 1, tuple(range(1, len(shape)))]))
    y_true = bits(draw(SEEDS), shape).astype("float64")
    return draw(finished({"axis": axis, **draw(optional(options))}, y_true, uniform(draw(SEEDS), shape), False))


@st.composite
def binary(draw: Any, options: dict[str, Any]) -> Case:
    shape = draw(shapes(2, 3))
    logits = draw(st.booleans())
    y_true = draw(st.sampled_from([bits(draw(SEEDS), shape) * 1.0, uniform(draw(OTHER_SEEDS), shape)]))
    y_pred = 3 * normal(draw(SEEDS), shape) if logits else uniform(draw(SEEDS), shape)
    return draw(finished({"from_logits": logits, **draw(optional(options))}, y_true, y_pred))


@st.composite
def categorical(draw: Any, options: dict[str, Any]) -> Case:
    shape = draw(shapes(2, 3, min_side=2))
    axis = draw(ints(1, len(shape) - 1))
    logits = draw(st.booleans())
    hot = np.eye(shape[axis])[whole(draw(SEEDS), [d for i, d in enumerate(shape) if i != axis], 0, shape[axis])]
    y_true = draw(st.sampled_from([np.moveaxis(hot, -1, axis), distributions(draw(SEEDS), shape, axis)]))
    # Positive numbers that are no probabilities, too: the loss divides them by their sum.
    y_pred = 3 * normal(draw(SEEDS), shape) if logits else uniform(draw(SEEDS), shape)
    return draw(finished({"from_logits": logits, "axis": axis, **draw(optional(options))}, y_true, y_pred))


@st.composite
def sparse(draw: Any) -> Case:
    shape = draw(shapes(2, 3, min_side=2))
    logits = draw(st.booleans())
    labels = whole(draw(SEEDS), shape[:-1], 0, shape[-1])
    y_pred = 3 * normal(draw(SEEDS), shape) if logits else uniform(draw(SEEDS), shape)
    more = draw(optional({"ignore_class": ints(0, shape[-1] - 1)}))
    return draw(finished({"from_logits": logits, **more}, labels, y_pred))


@st.composite
def generalized(draw: Any) -> Case:
    n, classes = draw(ints(1, 5)), draw(ints(2, 5))
    labels = whole(draw(SEEDS), n, 0, classes)
    return draw(finished(draw(optional({"q": [0.2, 0.7]})), labels, distributions(draw(SEEDS), (n, classes))))


@st.composite
def ctc(draw: Any) -> Case:
    """Labels from 1 on, as many as fit the frames even if all are equal; the rest of a row is padding with 0."""
    rows, longest, classes = draw(ints(1, 3)), draw(ints(1, 3)), draw(ints(2, 4))
    labels = whole(draw(SEEDS), (rows, longest), 1, classes)
    lengths = whole(draw(SEEDS), rows, 1, longest + 1)
    labels[np.arange(longest) >= lengths[:, None]] = 0
    return draw(finished({}, labels, normal(draw(SEEDS), (rows, 2 * longest + draw(ints(0, 2)), classes))))


@st.composite
def circle(draw: Any) -> Case:
    """Two labels, each on two rows or more: every sample has a partner. The embeddings have length 0.95: at 1 the
    distance of a sample to itself is at a kink."""
    n = draw(ints(4, 7))
    x = normal(draw(SEEDS), (n, draw(ints(2, 4))))
    x *= 0.95 / np.linalg.norm(x, axis=-1, keepdims=True)
    options = {"gamma": [3.0, 10.0], "margin": [0.2], "remove_diagonal": [False]}
    return draw(finished({"gamma": 5.0} | draw(optional(options)), np.arange(n, dtype="int32") % 2, x, False))


FOCAL = {"alpha": [0.4], "gamma": [1.5, 3.0], "label_smoothing": [0.1]}
LOSSES: dict[str, st.SearchStrategy[Case]] = {
    "MeanSquaredError": regression({}),
    "MeanAbsoluteError": regression({}),
    "MeanAbsolutePercentageError": regression({}),
    "MeanSquaredLogarithmicError": regression({}, positive=True),
    "Huber": regression({"delta": [0.3, 2.0]}),
    "LogCosh": regression({}),
    "Poisson": regression({}, positive=True),
    "CosineSimilarity": cosine(),
    "Hinge": hinge(),
    "SquaredHinge": hinge(),
    "CategoricalHinge": hinge(one_hot=True),
    "KLDivergence": regression({}, positive=True),
    "Dice": overlap({}),
    "Tversky": overlap({"alpha": [0.3], "beta": [0.8]}),
    "BinaryCrossentropy": binary({"label_smoothing": [0.1]}),
    "BinaryFocalCrossentropy": binary({**FOCAL, "apply_class_balancing": [True]}),
    "CategoricalCrossentropy": categorical({"label_smoothing": [0.1]}),
    "CategoricalFocalCrossentropy": categorical(FOCAL),
    "SparseCategoricalCrossentropy": sparse(),
    "CategoricalGeneralizedCrossEntropy": generalized(),
    "CTC": ctc(),
    "Circle": circle(),
}
# Classes of netlet.losses that compute nothing themselves.
BASES = {"Loss", "LossFunctionWrapper"}

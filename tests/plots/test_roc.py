"""plots.roc against scikit-learn."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from netlet import plots

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, 200)
GOOD = Y + RNG.normal(0, 0.8, 200)
TIED = np.round(GOOD)  # many equal scores


def test_curves_and_areas_are_scikit_learns():
    ax = plots.roc(Y, {"good": GOOD, "tied": TIED})
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    for line, scores, text in zip(ax.get_lines(), (GOOD, TIED), texts):
        false, true, _ = roc_curve(Y, scores, drop_intermediate=False)
        np.testing.assert_allclose(line.get_xydata(), np.stack([false, true], 1))
        assert text.endswith(f"AUC {roc_auc_score(Y, scores):.3f}")
    assert texts[2] == "chance, AUC 0.500"
    assert [line.get_label() for line in ax.get_lines()] == texts
    assert ax.get_xlabel() == "false positive rate" and ax.get_ylabel() == "true positive rate"


def test_one_curve_with_columns_and_names_of_classes():
    _, given = plt.subplots()
    ax = plots.roc(np.where(Y, "yes", "no")[:, None], GOOD[:, None], ax=given)
    assert ax is given
    assert ax.get_lines()[0].get_label() == f"AUC {roc_auc_score(Y, GOOD):.3f}"


@pytest.mark.parametrize(
    ("y", "scores", "message"),
    [
        ([0, 1, 2], [1, 2, 3], r"two classes, received shape \(3,\) with 3: \[0, 1, 2\]"),
        ([1, 1], [1, 2], "two classes"),
        ([[1, 0], [0, 1]], [1, 2], r"`y_true` of shape \(n,\)"),
        ([0, 1], {}, "at least one curve"),
        ([0, 1], [1, 2, 3], r"expected 2 scores.*received shape \(3,\)"),
        ([0, 1], {"mine": np.ones((2, 2))}, r"for 'mine'.*received shape \(2, 2\)"),
        ([0, 1], ["a", "b"], "numbers as `scores`, received list"),
        ([0, 1], [np.nan, 1], "finite scores"),
    ],
)
def test_errors(y, scores, message):
    with pytest.raises(ValueError, match=message):
        plots.roc(y, scores)

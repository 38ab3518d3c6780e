"""All of scikit-learn's checks of estimators, without exceptions, and its own tests of its perceptrons."""

from __future__ import annotations

import pathlib
import unittest
from typing import Any

import pytest

from netlet.wrappers import MLPClassifier, MLPRegressor
from support.child import run_child
from support.estimators import checks

# Scikit-learn's own classifier has no decision_function, and the check skips itself for such a classifier.
NO_DECISION_FUNCTION = ("MLPClassifier", "check_classifiers_multilabel_output_format_decision_function")


@checks(MLPClassifier(), MLPRegressor())
@pytest.mark.filterwarnings("ignore")
def test_checks_of_scikit_learn(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # or check_array_api_input would skip itself
    if (type(estimator).__name__, check.func.__name__) == NO_DECISION_FUNCTION:
        with pytest.raises(unittest.SkipTest, match="does not have a decision_function method"):
            check(estimator)
    else:
        check(estimator)


# Its name in scikit-learn's file, and why it cannot pass.
NOT_OURS = {"test_gradient": "calls the private method _loss_grad_lbfgs; test_training.py checks gradients"}


def test_tests_of_scikit_learn(tmp_path: pathlib.Path) -> None:
    """scikit-learn's own file of tests, where its two classes are netlet's."""
    ran = run_child(f"""
        import pathlib, sys
        import pytest
        from sklearn import neural_network
        from netlet import wrappers

        neural_network.MLPClassifier = wrappers.MLPClassifier
        neural_network.MLPRegressor = wrappers.MLPRegressor
        file = pathlib.Path(neural_network.__file__).parent / "tests" / "test_mlp.py"
        out = ["-c", "/dev/null", "--rootdir={tmp_path}", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:randomly"]
        sys.exit(pytest.main([str(file), *out, "-k", "not (" + " or ".join({list(NOT_OURS)}) + ")"]))
    """)
    passed = [line for line in ran.stdout.splitlines() if line.startswith("PASSED")]
    assert len(passed) > 40, ran.stdout

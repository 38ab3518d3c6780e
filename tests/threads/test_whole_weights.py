"""Every call sees one whole set of weights while other threads replace them: all a or all b, never a mixture."""

from __future__ import annotations

import contextlib
import functools
import itertools
import pickle

import numpy as np
import pytest

import netlet
from support.threads import DEPTH, X, answer, at_once, constant, stack, while_running, whole

pytestmark = pytest.mark.usefixtures("switched_at_assignments")
A, B = 1.0, 2.0
ANSWERS = {answer(A), answer(B)}
ROUNDS = 8


def setter(model, assign):
    """A function that sets all weights to A and B by turns; the last ones are B."""

    def run():
        for _ in range(ROUNDS):
            assign(model, A)
            assign(model, B)

    return run


def by_weights(model, value):
    model.set_weights(constant(value))


def by_tree(model, value):
    tree = model.get_state_tree("numpy_array")["trainable_variables"]
    filled = netlet.tree.map_structure(lambda a: np.full_like(a, value), tree)
    model.set_state_tree({"trainable_variables": filled})


@pytest.mark.parametrize("assign", [by_weights, by_tree])
def test_predictions(assign):
    model = stack()
    calls = [
        lambda: whole(model.predict(X, verbose=0)),
        lambda: whole(model.predict(X, batch_size=1, verbose=0)),  # several batches, one set of weights
        lambda: whole(model.predict_on_batch(X)),
        lambda: whole(model.predict(X, batch_size=2, verbose=0)),
    ]
    for found in while_running(setter(model, assign), *calls):
        assert set(found) <= ANSWERS
        assert found[-1] == answer(B)


def test_each_batch_of_an_iterable():
    model = stack()

    def batches():
        return [whole(rows) for rows in np.split(model.predict(iter([X] * 3), steps=3, verbose=0), 3)]

    [found] = while_running(setter(model, by_weights), batches)
    assert set(itertools.chain(*found)) <= ANSWERS


def test_weights_and_state_trees():
    model = stack()

    def tree():
        return whole(netlet.tree.flatten(model.get_state_tree("numpy_array")["trainable_variables"]))

    for found in while_running(setter(model, by_weights), lambda: whole(model.get_weights()), tree):
        assert set(found) <= {A, B}


def test_two_threads_that_set_weights():
    model = stack()
    at_once(*[lambda v=v: [model.set_weights(constant(v)) for _ in range(ROUNDS)] for v in range(1, 9)])
    assert whole(model.get_weights()) in range(1, 9)


def test_evaluations():
    model = stack()
    model.compile("sgd", "mae", metrics=["mse"])
    zeros = np.zeros_like(X)
    calls = [lambda n=n: tuple(model.evaluate(X, zeros, batch_size=n, verbose=0)) for n in (1, 4)]
    calls.append(lambda: tuple(model.test_on_batch(X, zeros)))
    for found in while_running(setter(model, by_weights), *calls):
        assert set(found) <= {(a, a * a) for a in ANSWERS}


@pytest.mark.parametrize("ending", [".netlet", ".weights.netlet", ".keras", ".weights.h5", ".h5"])
def test_files(tmp_path, ending):
    if ending not in (".netlet", ".weights.netlet"):
        pytest.importorskip("h5py")
    model, number = stack(), itertools.count()
    weights_only = ".weights" in ending

    def save():
        path = tmp_path / f"{next(number)}{ending}"
        (model.save_weights if weights_only else model.save)(path)
        if not weights_only:
            return whole(netlet.models.load_model(path).get_weights())
        other = stack()
        other.load_weights(path)  # a file that changed while it was written has a wrong checksum
        return whole(other.get_weights())

    [found] = while_running(setter(model, by_weights), save)
    assert set(found) <= {A, B}


def test_loaded_weights(tmp_path):
    model = stack()
    for value in (A, B):
        model.set_weights(constant(value))
        model.save_weights(tmp_path / f"{value}.weights.netlet")
    load = setter(model, lambda m, value: m.load_weights(tmp_path / f"{value}.weights.netlet"))
    predictions, weights = while_running(
        load, lambda: whole(model.predict_on_batch(X)), lambda: whole(model.get_weights())
    )
    assert set(predictions) <= ANSWERS
    assert set(weights) <= {A, B}


def test_copies():
    model = stack()
    [found] = while_running(setter(model, by_weights), lambda: whole(pickle.loads(pickle.dumps(model)).get_weights()))
    assert set(found) <= {A, B}


def test_exports(tmp_path):
    onnx = pytest.importorskip("onnx")
    model, path = stack(), tmp_path / "m.onnx"

    def export():
        model.export(path)
        tensors = [onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer]
        return whole(t for t in tensors if t.ndim == 2)

    [found] = while_running(setter(model, by_weights), export)
    assert set(found) <= {A, B}


def test_int8_codes():
    """The codes of a quantized model come from one set of weights, the one set before or after."""
    for _ in range(8):
        model = stack()
        at_once(
            functools.partial(model.quantize, "int8", only_if_faster=False), functools.partial(_set_if_float, model)
        )
        scales = [w for w in model.get_weights() if w.dtype == np.float32]
        assert len(model.get_weights()) == 2 * DEPTH
        assert len({float(v) for s in scales for v in np.ravel(s)}) == 1


def _set_if_float(model):
    with contextlib.suppress(ValueError):  # it was quantized before, and has other weights
        model.set_weights(constant(B))

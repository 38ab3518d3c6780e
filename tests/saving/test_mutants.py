"""Randomly changed model files: loading returns a usable model or raises ValueError, within limited memory."""

from __future__ import annotations

import pathlib

import pytest

from support.child import LIMIT, run_child

CORPUS = (
    LIMIT
    + """
import collections, pathlib, sys, warnings
import numpy as np
import netlet
sys.path.insert(0, {tests!r})
from support.hostile import mutate, put_together, take_apart

warnings.simplefilter("ignore")
target = pathlib.Path({target!r})
again = target.with_name("again.netlet")
outcomes = collections.Counter()
netlet.models.load_model({files[0]!r})
limit_memory(512 << 20)

def use(model):
    # Predicts, trains where it is compiled, and is saved and loaded again.
    if any(d is not None and d > 4096 for t in model.inputs for d in t.shape):
        return
    x = [np.ones([2 if d is None else d for d in t.shape], "float32") for t in model.inputs]
    y = model.predict(x if len(x) > 1 else x[0], verbose=0)
    if model.compiled:
        labels = np.zeros(len(y)) if model.loss == "sparse_categorical_crossentropy" else np.zeros_like(y)
        try:
            model.fit(x if len(x) > 1 else x[0], labels, verbose=0)
        except FloatingPointError:  # bytes that were changed are numbers of any size
            pass
    model.save(again)
    netlet.models.load_model(again)

for name in {files!r}:
    document, tensors, data = take_apart(pathlib.Path(name))
    for seed in range({seeds}):
        rng = np.random.default_rng([seed, len(data)])
        kind = rng.integers(8)
        if kind == 0:  # bytes
            content = bytearray(pathlib.Path(name).read_bytes())
            for _ in range(int(rng.integers(1, 5))):
                content[rng.integers(len(content))] = rng.integers(256)
            target.write_bytes(content)
        elif kind == 1:  # the header's arrays
            put_together(target, document, mutate(tensors, rng), data, sums=False)
        else:
            put_together(target, mutate(document, rng), tensors, data)
        try:
            model = netlet.models.load_model(target)
            outcomes["loaded"] += 1
        except ValueError as error:
            assert str(target) in str(error) and len(str(error)) < 4000, (seed, kind, error)
            outcomes["ValueError"] += 1
            continue
        except BaseException as error:
            print("seed", seed, "of", name, "ended in", type(error).__name__, error, flush=True)
            raise
        try:
            use(model)
            outcomes["used"] += 1
        except (ValueError, TypeError, NotImplementedError, MemoryError) as error:
            assert str(error), (seed, kind)
            outcomes["unusable"] += 1
        except BaseException as error:
            print("the model of seed", seed, "of", name, "ended in", type(error).__name__, error, flush=True)
            raise
print(dict(outcomes))
"""
)


def corpus(good, small, tmp_path, seeds):
    tests = str(pathlib.Path(__file__).resolve().parents[1])
    code = CORPUS.format(
        tests=tests, target=str(tmp_path / "mutant.netlet"), files=[str(good), str(small)], seeds=seeds
    )
    outcomes = eval(run_child(code).stdout.splitlines()[-1])
    assert outcomes["ValueError"] > seeds / 2
    assert outcomes["loaded"] > seeds / 10  # enough mutants still load
    assert outcomes["used"] > outcomes["loaded"] / 2


def test_mutants(good, small, tmp_path):
    """Loading each of 300 mutated files returns a model or raises a ValueError that names the file, within 512 MB.

    A loaded model predicts, trains and is saved, or raises an error that says why not.
    """
    corpus(good, small, tmp_path, 150)


@pytest.mark.slow
def test_many_mutants(good, small, tmp_path):
    corpus(good, small, tmp_path, 2500)

"""One hash for any number of threads, in any process, after any work before, resumed, and for eager steps."""

from __future__ import annotations

import functools
import json
import os
import pathlib

import numpy as np
import pytest

import netlet
from netlet import _core
from support import workloads
from support.child import run_child
from support.workloads import OTHERS, TRAININGS, WORKLOADS

TESTS = pathlib.Path(__file__).parents[1]


@functools.cache
def expected(workload):
    """The hash with one thread, whatever the table has."""
    before = _core.get_num_threads()
    _core.set_num_threads(1)
    try:
        return WORKLOADS[workload]()
    finally:
        _core.set_num_threads(before)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_threads(workload, threads):
    assert WORKLOADS[workload]() == expected(workload)


def of_child(*, reverse=False, **env):
    """The hashes that another process computes, in this order or the reverse."""
    code = f"""
        import json, sys
        sys.path.insert(0, {str(TESTS)!r})
        from support.workloads import WORKLOADS
        names = list(WORKLOADS)[::{-1 if reverse else 1}]
        print(json.dumps({{name: WORKLOADS[name]() for name in names}}))
    """
    return json.loads(run_child(code, **env).stdout)


def test_another_process_with_other_hashes_of_strings():
    assert of_child(PYTHONHASHSEED="0", NETLET_NUM_THREADS="2") == {name: expected(name) for name in WORKLOADS}


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "random"])
def test_more_processes(seed):
    assert of_child(PYTHONHASHSEED=seed, NETLET_NUM_THREADS="8", reverse=True) == {n: expected(n) for n in WORKLOADS}


def test_other_cpus_as_numpy_and_libm_see_them():
    """NumPy, its BLAS and the C library choose their code by CPU. None of it is in the hashes."""
    features = np._core._multiarray_umath.__cpu_dispatch__
    found = of_child(
        reverse=True,
        PYTHONHASHSEED="random",
        NPY_DISABLE_CPU_FEATURES=" ".join(features),
        OPENBLAS_CORETYPE="Sandybridge",
        GLIBC_TUNABLES="glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX2_Usable,-FMA_Usable",
        NETLET_ISA=_core.active_isa(),
    )
    assert found == {name: expected(name) for name in WORKLOADS}


def test_after_other_work_in_the_same_process():
    """Names, seeds and plans of other models, and another state of the generators."""
    for name in ("cnn", "masked"):
        WORKLOADS[name]()
    netlet.utils.set_random_seed(1234)
    other = netlet.Sequential([netlet.Input((5,)), netlet.layers.Dropout(0.5), netlet.layers.Dense(2)])
    other.compile("sgd", "mse")
    other.fit(np.ones((9, 5)), np.ones((9, 2)), verbose=0)
    for name in reversed(WORKLOADS):
        assert WORKLOADS[name]() == expected(name)


@pytest.mark.parametrize("workload", TRAININGS)
def test_a_training_that_goes_on_from_a_file(workload, tmp_path):
    assert TRAININGS[workload](folder=tmp_path) == expected(workload)


@pytest.mark.parametrize("workload", TRAININGS)
def test_a_training_that_was_interrupted(workload, tmp_path):
    """`BackupAndRestore` in the middle of an epoch."""
    assert TRAININGS[workload](backup=tmp_path) == expected(workload)


@pytest.mark.parametrize("workload", ["deterministic"])
def test_eager_steps(workload):
    """Without random layers, steps in Python give the bits of recorded ones."""
    training = workloads.Training(workloads.plain, lambda: workloads.numbers(workloads.ROWS, 14, 14, 3))
    assert training(run_eagerly=True) == training()


def test_all_workloads_differ():
    assert len({expected(name) for name in WORKLOADS}) == len(WORKLOADS) == len(TRAININGS) + len(OTHERS)


def test_another_seed_gives_other_bits():
    assert TRAININGS["mlp"](seed=12) != expected("mlp")


def test_the_environment_names_no_instruction_set():
    """Otherwise the children of this file would compute with it, too."""
    assert os.environ.get("NETLET_ISA", _core.active_isa()) == _core.active_isa()

"""One hash for 1, 2 and 3 processes of a data-parallel training, of several kinds of layers.

`tests/distribution` compares losses, optimizers and options in the same way.
"""

from __future__ import annotations

import functools
import pathlib

import pytest

from support.mpirun import mpirun, needs_mpirun

TESTS = pathlib.Path(__file__).parents[1]
CODE = f"""
    import sys
    sys.path.insert(0, {str(TESTS)!r})
    import netlet
    from netlet.distribution import DataParallel, set_distribution
    from support.workloads import TRAININGS
    set_distribution(DataParallel(shards=6))
    communicator = DataParallel().communicator
    for name in ("cnn", "recurrent", "transformer", "masked", "bfloat16"):
        found = communicator.gather_objects(TRAININGS[name]())
        assert len(set(found)) == 1, name
        if communicator.rank == 0:
            print(name, found[0], flush=True)
"""


@functools.cache
def found(ranks):
    lines = mpirun(ranks, CODE, limit=240).stdout.splitlines()
    assert len(lines) == 5
    return lines


@needs_mpirun
@pytest.mark.parametrize("ranks", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_any_number_of_processes(ranks):
    assert found(ranks) == found(1)

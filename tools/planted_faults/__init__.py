"""Do the tests find faults? Plants small ones in a copy of the last commit, one at a time, and runs tests for each.

python -m tools.planted_faults                     all faults
python -m tools.planted_faults --only 5,16         those that break the promises 5 and 16 of docs/reliability.md
python -m tools.planted_faults --python            those in Python files: nothing is built if python/netlet has a module
python -m tools.planted_faults -DNAME=VALUE ...    further arguments are for `cmake --preset dev`, such as
                                                   -DNETLET_LEVELS=avx2: scalar and AVX2 kernels alone

It needs an environment with the dev extra, and prints a table: promise, fault, first test that fails. A test counts if
it passes again without the fault. The exit status is 1 if a fault survives, or if a text to replace does not occur
exactly once (then the fault must be written anew).
"""

from __future__ import annotations

from . import arithmetic, checks, files, keras, runtime, training
from .fault import Fault

__all__ = ["FAULTS", "Fault"]

_ALL = (*keras.FAULTS, *arithmetic.FAULTS, *training.FAULTS, *runtime.FAULTS, *files.FAULTS, *checks.FAULTS)
FAULTS = sorted(_ALL, key=lambda fault: fault.promise)

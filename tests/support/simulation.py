"""The simulated GPU's own functions, which `netlet` does not know of."""

from __future__ import annotations

import ctypes
import functools
import pathlib

import netlet

LIBRARY = pathlib.Path(netlet.__file__).parent / "_netlet_sim.so"


@functools.cache
def simulation() -> ctypes.CDLL | None:
    """The library of the simulated GPU; None in a build without it."""
    if not LIBRARY.exists():
        return None
    library = ctypes.CDLL(str(LIBRARY))
    library.netlet_sim_revive.restype = ctypes.c_char_p
    return library


def revive() -> None:
    """Ends the work that is queued, so that its error belongs to the test that ran, and makes a lost device usable."""
    if (library := simulation()) is not None and (error := library.netlet_sim_revive()) is not None:
        raise AssertionError(error.decode())

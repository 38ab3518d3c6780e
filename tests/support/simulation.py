"""The simulated GPU's own functions, which `netlet` does not know of."""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib

import netlet


def _library() -> pathlib.Path | None:
    """Where the simulated GPU is: beside the package in a developer build, or where CI has built it."""
    places = [pathlib.Path(netlet.__file__).parent / "_netlet_sim.so"]
    places += [pathlib.Path(path) for path in os.environ.get("NETLET_BACKENDS", "").split(os.pathsep)]
    return next((path for path in places if path.name == "_netlet_sim.so" and path.exists()), None)


@functools.cache
def simulation() -> ctypes.CDLL | None:
    """The library of the simulated GPU; None in a build without it."""
    if (path := _library()) is None:
        return None
    library = ctypes.CDLL(str(path))
    library.netlet_sim_revive.restype = ctypes.c_char_p
    return library


def revive() -> None:
    """Ends the work that is queued, so that its error belongs to the test that ran, and makes a lost device usable."""
    if (library := simulation()) is not None and (error := library.netlet_sim_revive()) is not None:
        raise AssertionError(error.decode())

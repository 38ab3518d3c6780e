"""A reader with one fault of each kind that the harness must find; `tests/test_fuzz.py` runs it."""

from __future__ import annotations

import ctypes
import os
import pathlib
import signal
import time

from netlet import layers

from ..target import CANARY, Target

assert layers.LayerNormalization  # and with it all that the import of another layer's module needs
_libc = ctypes.CDLL(None)  # its calls raise no audit events


def _run(data: bytes, folder: pathlib.Path) -> None:
    word = data.decode()
    if word == "kind":
        {}["missing"]
    elif word == "no words":
        raise ValueError("oops")
    elif word == "no text":
        b"\xff".decode()
    elif word == "other path":
        with open(CANARY) as file:
            file.read()
    elif word == "other path, natively":
        os.close(_libc.open(CANARY.encode(), os.O_RDONLY))
    elif word == "late import":
        assert layers.RMSNormalization  # no fault: its module is imported at the first use
    elif word == "code":
        exec("pass")
    elif word == "memory":
        bytearray(1 << 31)
    elif word == "crash":
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)  # AddressSanitizer's handler would report it
        os.kill(os.getpid(), signal.SIGSEGV)
    elif word == "hang":
        time.sleep(1000)


FAULTY = Target("a reader with faults", lambda: [b"good"], _run)

"""`python -m netlet info`: prints versions, processor, instruction set, threads and devices."""

from __future__ import annotations

import os
import platform
import sys

import numpy as np

from netlet import _core
from netlet.base.device import devices
from netlet.base.threads import get_num_threads
from netlet.version import __version__


def cpu_name() -> str:
    """Returns the processor's name from the operating system."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
            for line in f:
                if line.startswith(("model name", "Model\t", "Hardware")):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def describe_machine() -> str:
    """Returns a few lines of text: versions, processor, instruction set, threads, devices.

    >>> describe_machine().startswith("netlet ")
    True
    """
    forced = os.environ.get("NETLET_ISA")
    isa = f"{_core.active_isa()} (forced by NETLET_ISA)" if forced else _core.active_isa()
    return "\n".join(
        [
            f"netlet {__version__}, Python {platform.python_version()}, NumPy {np.__version__}, "
            f"{platform.system()} {platform.machine()}",
            f"processor:        {cpu_name()}",
            f"instruction set:  {isa}; this machine runs {', '.join(_core.supported_isas())}",
            f"threads:          {get_num_threads()} ({_core.usable_cpus()} of {os.cpu_count()} CPUs are usable)",
            f"devices:          {', '.join(f'{name} ({name.description})' for name in devices())}",
            f"kernels:          {len(_core.kernel_names())}, in {sys.modules['netlet'].__path__[0]}",
        ]
    )


def main() -> None:
    """Prints the description of the machine."""
    print(describe_machine())

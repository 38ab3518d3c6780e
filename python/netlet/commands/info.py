"""`netlet info`: prints versions, processor, instruction set, threads and devices."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from typing import Any

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


def machine() -> dict[str, Any]:
    """The facts of `describe_machine`, for JSON.

    >>> sorted(machine())[:3]
    ['cpus', 'devices', 'instruction_set']
    """
    return {
        "netlet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": cpu_name(),
        "instruction_set": _core.active_isa(),
        "instruction_sets": list(_core.supported_isas()),
        "threads": get_num_threads(),
        "cpus": os.cpu_count(),
        "usable_cpus": _core.usable_cpus(),
        "devices": {name: name.description for name in devices()},
        "kernels": len(_core.kernel_names()),
        "path": sys.modules["netlet"].__path__[0],
    }


def describe_machine() -> str:
    """Returns a few lines of text: versions, processor, instruction set, threads, devices.

    >>> describe_machine().startswith("netlet ")
    True
    """
    facts = machine()
    forced = " (forced by NETLET_ISA)" if os.environ.get("NETLET_ISA") else ""
    return "\n".join(
        [
            f"netlet {facts['netlet']}, Python {facts['python']}, NumPy {facts['numpy']}, {facts['system']}",
            f"processor:        {facts['processor']}",
            f"instruction set:  {facts['instruction_set']}{forced}; this machine runs "
            f"{', '.join(facts['instruction_sets'])}",
            f"threads:          {facts['threads']} ({facts['usable_cpus']} of {facts['cpus']} CPUs are usable)",
            f"devices:          {', '.join(f'{name} ({text})' for name, text in facts['devices'].items())}",
            f"kernels:          {facts['kernels']}, in {facts['path']}",
        ]
    )


EXAMPLE = """example:
  netlet info --json | jq .instruction_set"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `netlet info`."""
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(options: argparse.Namespace) -> None:
    """Prints the description of the machine."""
    print(json.dumps(machine(), indent=2) if options.json else describe_machine())

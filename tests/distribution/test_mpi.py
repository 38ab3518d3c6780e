"""The calls of MPI's communicator, and the exchange of gradients over it."""

from __future__ import annotations

import pytest

from support.mpirun import mpirun, needs_mpirun

pytestmark = needs_mpirun

CALLS = """
    import numpy as np
    from netlet.distribution.launch import find_communicator
    c = find_communicator()
    ranks = np.arange(c.size)
    for dtype in ("float32", "float64", "float16", "int64", "bool", "uint8", "complex128"):
        for n in (1, 3, 1000):
            mine = np.full((n, 2), c.rank + 1, dtype)
            expected = np.stack([np.full((n, 2), rank + 1, dtype) for rank in ranks])
            assert np.array_equal(c.all_gather(mine), expected)
            out = np.zeros_like(expected)
            out[c.rank] = mine
            assert c.all_gather(out[c.rank], out) is out and np.array_equal(out, expected)

            send = np.stack([np.full(n, 10 * c.rank + to, dtype) for to in ranks])
            assert np.array_equal(c.all_to_all(send), np.stack([np.full(n, 10 * r + c.rank, dtype) for r in ranks]))

            for root in ranks:
                got = mine.copy()
                assert c.broadcast(got, root) is got and np.array_equal(got, expected[root])
    assert c.all_gather(np.empty((0, 2), "float32")).shape == (c.size, 0, 2)
    assert c.gather_objects({"rank": c.rank, "text": "x" * c.rank}) == [{"rank": r, "text": "x" * r} for r in ranks]
    blocks = c.share(100 * (c.rank + 1))
    assert [block.size for block in blocks] == [100 * (r + 1) for r in ranks]
    blocks[c.rank][:] = c.rank
    c.barrier()
    assert all((block == r).all() for r, block in enumerate(blocks))
    print("rank", c.rank, "of", c.size, "is done")
"""

# Pairs of neighbours are added, then pairs of sums: the tree over 8 rows, of which each rank has some.
EXCHANGE = """
    import numpy as np
    from netlet.distribution.exchange import GradientExchange
    from netlet.distribution.launch import find_communicator

    c = find_communicator()
    ends = [8 * (rank + 1) // c.size for rank in range(c.size)]
    begins = [0, *ends[:-1]]

    def tree(nodes):  # {(first, end): values}, until nothing can be added
        for width in (1, 2, 4):
            for first in range(0, 8, 2 * width):
                left, right = (first, first + width), (first + width, first + 2 * width)
                if left in nodes and right in nodes:
                    nodes[first, first + 2 * width] = nodes.pop(left) + nodes.pop(right)
        return nodes

    def names(rank):
        return sorted(tree({(shard, shard + 1): 0 for shard in range(begins[rank], ends[rank])}))

    def reduce(rank, rows):
        nodes = tree({(begins[rank] + i, begins[rank] + i + 1): row for i, row in enumerate(rows)})
        return np.stack([nodes[name] for name in names(rank)])

    def total(sums):
        nodes = {name: row for rank, rows in enumerate(sums) for name, row in zip(names(rank), rows, strict=True)}
        (result,) = tree(nodes).values()
        return result

    share = c.share
    for n in (1, 5, 1000, 100_003):
        rows = np.random.default_rng(n).standard_normal((8, n), dtype="float32")
        expected = tree({(i, i + 1): row for i, row in enumerate(rows)})[0, 8]
        for c.share in (share, lambda nbytes: None):
            exchange = GradientExchange(c, [end - begin for begin, end in zip(begins, ends)], n, "float32")
            for scale in (1, 2):
                exchange.parts[:] = scale * rows[begins[c.rank] : ends[c.rank]]
                assert np.array_equal(exchange.sum(reduce, total), scale * expected)
            out = np.empty(n, "float32")
            assert exchange.sum(reduce, total, out) is out and np.array_equal(out, 2 * expected)
    print("rank", c.rank, "of", c.size, "is done")
"""


@pytest.mark.parametrize("ranks", [1, 3])
def test_calls(ranks: int) -> None:
    run = mpirun(ranks, CALLS)
    assert run.stdout.count(f"of {ranks} is done") == ranks


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_the_exchange_sums_in_the_order_of_the_tree_by_memory_and_by_messages(ranks: int) -> None:
    run = mpirun(ranks, EXCHANGE)
    assert run.stdout.count(f"of {ranks} is done") == ranks


def test_a_forked_process_cannot_use_mpi_and_ends_without_harm() -> None:
    run = mpirun(
        2,
        """
        import os, sys
        from netlet.distribution.launch import find_communicator
        c = find_communicator()
        pid = os.fork()
        if pid == 0:
            try:
                c.barrier()
            except RuntimeError as error:
                print("child of", c.rank, error)
            sys.stdout.flush()
            os._exit(5)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
        c.barrier()
        print("rank", c.rank, "is done")
        """,
    )
    assert run.stdout.count("which cannot use MPI") == 2 and run.stdout.count("is done") == 2

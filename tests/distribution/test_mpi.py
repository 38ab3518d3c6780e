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

# The expected sum follows the definition of the tree: the sum over the first half plus the sum over the second half.
EXCHANGE = """
    import numpy as np
    from netlet.distribution.exchange import GradientExchange
    from netlet.distribution.launch import find_communicator
    from netlet.distribution.layout import Layout

    c = find_communicator()

    def tree(rows):
        if len(rows) == 1:
            return rows[0]
        sums = [s for s in (tree(rows[: len(rows) // 2]), tree(rows[len(rows) // 2 :])) if s is not None]
        return sums[0] + sums[1] if len(sums) == 2 else sums[0] if sums else None

    share = c.share
    for batch in (16, 13, 3):  # equal shards, unequal ones, shards without rows
        layout = Layout.of_batch(batch, 8, c.size)
        own = slice(layout.bounds[c.rank], layout.bounds[c.rank + 1])
        for n in (1, 5, 100_003):
            for dtype in ("float32", "float64"):
                rows = np.random.default_rng(n).standard_normal((8, n)).astype(dtype)
                leaves = [row if shard.rows else None for row, shard in zip(rows, layout.shards)]
                sums = {False: tree(leaves)}
                if batch == 13:
                    shares = [np.dtype(dtype).type(shard.share) for shard in layout.shards]
                    sums[True] = tree([row * share for row, share in zip(rows, shares)])
                else:
                    sums[True] = sums[False] * np.dtype(dtype).type(1 / min(batch, 8))
                for c.share in (share, lambda nbytes: None):
                    exchange = GradientExchange(c, layout.per_rank, n, dtype)
                    for weighted in (False, True):
                        adds = layout.adds(c.rank, weighted)
                        exchange.parts[:] = rows[own]
                        assert np.array_equal(exchange.sum(adds), sums[weighted]), (batch, n, dtype, weighted)
                        exchange.parts[:] = 2 * rows[own]
                        assert np.array_equal(exchange.sum(adds), 2 * sums[weighted]), (batch, n, dtype, weighted)
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

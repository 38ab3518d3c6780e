"""Index arithmetic is 64-bit: arrays of more than 2^31 elements.

Pages that are never written take no memory, so these arrays are large in address space only.
"""

import mmap

import numpy as np
import pytest

import netlet
from netlet import layers, ops

N = 2**31 + 1000
AT = 2**31 + 77  # does not fit in a signed 32-bit integer
MAP_NORESERVE = 0x4000  # Linux's value; the `mmap` module defines it since Python 3.13


def sparse(shape, dtype, large_pages=False):
    """Zeros that take memory only where they are written.

    A write takes a page of 4 KB, or of 2 MB with `large_pages`, which makes reading the whole array faster.
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    try:
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE)
    except (OSError, AttributeError, ValueError):
        pytest.skip("this system gives no address space without memory behind it")
    if large_pages and hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype).reshape(shape)


@pytest.fixture(scope="module")
def line():
    """A float32 vector of zeros except for two elements, one of them at an index above 2^31."""
    x = sparse((N,), np.float32, large_pages=True)
    x[3], x[AT] = -2.0, 7.5
    return x


def test_reductions(line):
    assert float(np.asarray(ops.sum(line))) == 5.5
    assert float(np.asarray(ops.max(line))) == 7.5
    table = line[: N // 1000 * 1000].reshape(-1, 1000)
    sums = np.asarray(ops.sum(table, axis=0))
    assert sums[AT % 1000] == 7.5 and sums[3] == -2.0 and np.count_nonzero(sums) == 2
    assert np.asarray(ops.argmax(table, axis=0))[AT % 1000] == AT // 1000
    assert np.asarray(ops.max(table, axis=1))[AT // 1000] == 7.5


def test_a_position_that_int32_does_not_hold_is_refused(line):
    with pytest.raises(ValueError, match=r"argmax: expected at most 2\^31 - 1"):
        ops.argmax(line)


def test_elements_and_rows(line):
    np.testing.assert_array_equal(np.asarray(ops.take(line, np.array([3, AT]))), [-2.0, 7.5])
    np.testing.assert_array_equal(np.asarray(ops.getitem(line, slice(AT - 1, AT + 2))), [0, 7.5, 0])
    np.testing.assert_array_equal(np.asarray(ops.slice(line, (AT,), (1,))), [7.5])
    table = line[: N // 1000 * 1000].reshape(-1, 1000)
    np.testing.assert_array_equal(np.asarray(ops.take(table, [AT // 1000], axis=0))[0, AT % 1000], 7.5)
    np.testing.assert_array_equal(np.asarray(ops.getitem(table, (AT // 1000, slice(AT % 1000, None, 10))))[0], 7.5)
    tail = ops.slice_update(ops.slice(line, (AT - 5,), (10,)), (5,), np.array([1.0], np.float32))
    assert np.asarray(tail)[5] == 1.0


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_fit_gathers_rows_beyond(dtype):
    """2^32 elements; each row and its y hold the row's index, so a row read from a wrong address raises the loss."""
    count, length = 4500, 10**6
    x = sparse((count, length), dtype)
    x[:, -1] = np.arange(count) % 251
    y = (np.arange(count) % 251).astype(np.float32)[:, None]
    model = netlet.Sequential([netlet.Input((length,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(netlet.optimizers.SGD(0.0), "mse")
    rows = []
    keep = netlet.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: rows.append(logs["loss"]))
    model.fit(x, y, batch_size=16, steps_per_epoch=6, callbacks=[keep], verbose=0)
    assert rows == [0.0] * 6

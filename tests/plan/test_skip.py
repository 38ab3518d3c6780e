"""Parts of a plan that a run leaves out while a flag is set."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core


def cell(value=0):
    return _core.tensor(value, dtype="int32")


def test_skipped_records_do_not_run():
    flag, counts = cell(), [_core.tensor(0, dtype="int64") for _ in range(3)]
    tape = _core.Tape(record=True)
    with tape:
        _core.increment(counts[0])
        _core.begin_skip(flag)
        _core.increment(counts[1])
        _core.end_skip()
        _core.increment(counts[2])
        plan = tape.compile([])
    for value in (0, 1, 7, 0):
        flag.copy_from(np.int32(value))
        plan.run([])
    assert [int(c.numpy()) for c in counts] == [4, 2, 4]


def test_an_inner_part_is_skipped_with_the_outer_one():
    outer, inner, counts = cell(), cell(), [_core.tensor(0, dtype="int64") for _ in range(2)]
    tape = _core.Tape(record=True)
    with tape:
        _core.begin_skip(outer)
        _core.begin_skip(inner)
        _core.increment(counts[0])
        _core.end_skip()
        _core.increment(counts[1])
        _core.end_skip()
        plan = tape.compile([])
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        outer.copy_from(np.int32(a))
        inner.copy_from(np.int32(b))
        plan.run([])
    assert [int(c.numpy()) for c in counts] == [1, 2]


def test_the_flag_may_be_written_by_the_same_plan():
    total, flag = _core.tensor(0.0, dtype="float64"), cell()
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((1,), "float64", "x")
        _core.assign(_core.cast(_core.less(_core.reshape(x, ()), 0.0), "int32"), flag)
        _core.begin_skip(flag)
        _core.accumulate_into(_core.reshape(x, ()), total)
        _core.end_skip()
        plan = tape.compile([])
    for value in (1.0, -5.0, 2.0):
        plan.run([np.array([value])])
    assert float(total.numpy()) == 3.0


def test_a_skipped_guard_does_not_end_the_run():
    skip, bad, done = cell(1), cell(1), _core.tensor(0, dtype="int64")
    tape = _core.Tape(record=True)
    with tape:
        _core.begin_skip(skip)
        _core.check_finite(_core.tensor(np.array([np.nan])), bad)
        _core.end_skip()
        tape.guard(bad)
        _core.increment(done)
        plan = tape.compile([])
    assert plan.run([])[1] == -1 and int(done.numpy()) == 1
    assert plan.find_nonfinite() == -1
    skip.copy_from(np.int32(0))
    assert plan.run([])[1] == 0 and int(done.numpy()) == 1


def test_what_is_refused():
    with pytest.raises(RuntimeError, match="expected a recording tape"):
        _core.begin_skip(cell())
    tape = _core.Tape(record=True)
    with tape:
        for flag in (
            _core.tensor(0, dtype="int64"),
            _core.tensor(np.zeros(2, "int32")),
            tape.input((1,), "int32", "x"),
        ):
            with pytest.raises(TypeError, match="expected one int32 cell"):
                _core.begin_skip(flag)
        _core.end_skip()  # without a beginning: nothing to end

"""Plans: sharing of arena memory, feeding of inputs, outputs, checks, and errors."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core


def recorded(fn, *shapes, dtype="float64"):
    tape = _core.Tape(record=True)
    with tape:
        outputs = fn(*(tape.input(s, dtype, f"x{i}") for i, s in enumerate(shapes)))
        return tape.compile(list(outputs) if isinstance(outputs, (list, tuple)) else [outputs])


def test_a_chain_needs_two_places_and_not_one_for_each_value():
    def chain(x):
        for _ in range(50):
            x = _core.tanh(x) if hasattr(_core, "tanh") else _core.activation(x, "tanh")
        return _core.sum(x)

    plan = recorded(chain, (64, 64))
    assert plan.arena_bytes <= 3 * 64 * 64 * 8
    assert plan.unplanned_bytes >= 40 * 64 * 64 * 8


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_packing_never_lets_two_living_values_share_bytes(data):
    """Random graphs of sums and products, replayed in the shared arena, give NumPy's values in every run."""
    n = data.draw(st.integers(2, 12))
    choices = [(data.draw(st.integers(0, i)), data.draw(st.integers(0, i)), data.draw(st.booleans())) for i in range(n)]
    kept = data.draw(st.sets(st.integers(1, n), min_size=1))
    size = data.draw(st.integers(1, 40))

    def graph(x, add, multiply):
        values = [x]
        for a, b, product in choices:
            values.append(multiply(values[a], values[b]) if product else add(values[a], values[b]))
        return [values[i] for i in sorted(kept)]

    plan = recorded(lambda x: graph(x, _core.add, _core.multiply), (size,))
    rng = np.random.default_rng(0)
    for _ in range(2):
        x = rng.uniform(-1, 1, size)
        expected = graph(x, np.add, np.multiply)
        for got, want in zip(plan.run([x])[0], expected):
            np.testing.assert_allclose(got, want, rtol=1e-12)


def test_outputs_that_are_inputs_constants_or_twice_the_same():
    constant = np.arange(3.0)

    def fn(x):
        y = _core.add(x, x)
        return [x, y, y, _core.reshape(y, (3, 1)), _core.as_tensor(constant)]

    x = np.array([1.0, 2.0, 3.0])
    outputs, _ = recorded(fn, (3,)).run([x])
    np.testing.assert_array_equal(outputs[0], x)
    np.testing.assert_array_equal(outputs[1], 2 * x)
    np.testing.assert_array_equal(outputs[2], 2 * x)
    np.testing.assert_array_equal(outputs[3], (2 * x)[:, None])
    np.testing.assert_array_equal(outputs[4], constant)


@pytest.mark.parametrize("source", ["float32", "float64", "uint8", "int8", "int32", "int64", "bool"])
@pytest.mark.parametrize("wanted", ["float32", "float64", "int32"])
def test_feed_gathers_rows_and_casts(source, wanted):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2 if source == "bool" else 100, (50, 3)).astype(source)
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([_core.identity(tape.feed((8, 3), source, wanted, "x"))])
    out = np.zeros((48, 3), wanted)
    order = rng.permutation(50)
    assert plan.run_batches([x], order, count=6, outputs=[out]) == (6, -1)
    np.testing.assert_array_equal(out, x[order[:48]].astype(wanted))
    assert plan.run_batches([x], None, count=6, outputs=[out]) == (6, -1)
    np.testing.assert_array_equal(out, x[:48].astype(wanted))


def test_an_order_that_is_written_while_its_batches_run_is_checked_again():
    """Here the plan's output overlaps the row order of the next batch; in practice another thread would write it."""
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([_core.identity(tape.feed((4,), "int64", "int64", "x"))])
    memory = np.zeros(12, np.int64)
    x = np.full(8, 10**12)
    with pytest.raises(ValueError, match=r"row 1000000000000 of 8 does not exist: the order was written"):
        plan.run_batches([x], memory[:8], count=2, outputs=[memory[4:]])


def test_run_batches_checks_what_it_is_given():
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([_core.identity(tape.feed((4, 2), "float32", "float32", "x"))])
    x = np.zeros((10, 2), np.float32)
    with pytest.raises(ValueError, match="past the last row"):
        plan.run_batches([x], None, count=3)
    with pytest.raises(ValueError, match="row 10 of 10 does not exist"):
        plan.run_batches([x], np.array([0, 1, 2, 10]), count=1)
    with pytest.raises(ValueError, match="row -1 of 10 does not exist"):
        plan.run_batches([x], np.array([0, 1, 2, -1]), count=1)
    with pytest.raises(ValueError, match="recorded for rows of"):
        plan.run_batches([x.astype(np.float64)], None, count=1)
    with pytest.raises(ValueError, match="recorded for rows of"):
        plan.run_batches([np.zeros((10, 3), np.float32)], None, count=1)
    with pytest.raises(ValueError, match="expected 1 arrays, received 2"):
        plan.run_batches([x, x], None, count=1)
    with pytest.raises(ValueError, match="expected output 0 with rows"):
        plan.run_batches([x], None, count=1, outputs=[np.zeros((10, 3), np.float32)])
    with pytest.raises(ValueError, match="first and count of at least 0"):
        plan.run_batches([x], None, first=-4, count=1)
    with pytest.raises(ValueError, match="past the last row"):
        plan.run_batches([x], None, count=2**62)
    with pytest.raises(ValueError, match="one float64"):
        plan.run_batches([x], None, count=1, scalars=[(_core.empty((0,), "float64"), [1.0])])


def test_an_input_plan_reads_rows_in_order_only():
    plan = recorded(lambda x: _core.identity(x), (4, 2), dtype="float32")
    with pytest.raises(ValueError, match="in order only"):
        plan.run_batches([np.zeros((10, 2), np.float32)], np.arange(10), count=1)


def test_a_guard_stops_the_run_before_what_follows():
    state, flag = _core.tensor(np.zeros(1)), _core.tensor(0, dtype="int32")
    tape = _core.Tape(record=True)
    with tape:
        x = tape.feed((1,), "float64", "float64", "x")
        _core.check_finite(_core.sum(x), flag)
        _core.accumulate_into(x, state)
        tape.guard(flag)
        plan = tape.compile([])
    x = np.array([1.0, 2.0, np.nan, 4.0])
    done, stopped = plan.run_batches([x], None, count=4)
    assert done == 2
    assert plan.records()[stopped]["kernel"].startswith("check_finite")
    assert state.numpy()[0] == 3.0
    assert plan.run_batches([x], None, first=3, count=1) == (1, -1), "a stopped plan can be used again"


def test_scalars_change_between_the_steps_of_one_call():
    cell, state = _core.tensor(np.zeros(1)), _core.tensor(np.zeros(1))
    tape = _core.Tape(record=True)
    with tape:
        x = tape.feed((1,), "float64", "float64", "x")
        _core.accumulate_into(_core.multiply(x, cell), state)
        plan = tape.compile([])
    plan.run_batches([np.ones(3)], None, count=3, scalars=[(cell, [1.0, 10.0, 100.0])])
    assert state.numpy()[0] == 111.0


def test_one_plan_may_be_used_from_several_threads():
    plan = recorded(lambda x: _core.matmul(_core.exp(x), x), (40, 40))
    xs = [np.random.default_rng(i).standard_normal((40, 40)) for i in range(8)]
    expected = [plan.run([x])[0][0] for x in xs]
    failures = []

    def use(i):
        for _ in range(200):
            if not np.array_equal(plan.run([xs[i]])[0][0], expected[i]):
                failures.append(i)

    threads = [threading.Thread(target=use, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def test_records_say_what_runs():
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((4, 3), "float32", "x")
        _core.push_scope("first")
        y = _core.exp(x)
        _core.pop_scope()
        plan = tape.compile([y])
    (row,) = plan.records()
    assert row["layer"] == "first" and row["isa"] == _core.active_isa()
    assert row["reads"] == ((4, 3),) and row["writes"] == ((4, 3),) and row["bytes"] == 2 * 4 * 3 * 4
    assert row["seconds"] == 0
    plan.run([np.zeros((4, 3), np.float32)], profiled=True)
    assert plan.records()[0]["seconds"] > 0

"""Functions of NumPy arrays as steps of plans."""

from __future__ import annotations

import gc
import threading
import traceback
import weakref

import numpy as np
import pytest

import netlet
from netlet import _core, layers, ops
from netlet.engine.host_call import host_call
from support.child import run_child


def sort(x):
    (y,) = host_call("sort", lambda a: np.sort(a, axis=-1), [x], [(tuple(x.shape), x.dtype)])
    return y


def plan_of(fn, shape=(2, 3), dtype="float32"):
    tape = _core.Tape(record=True)
    with tape:
        return tape.compile([fn(tape.input(shape, dtype, "x"))])


def test_eager_and_recorded_calls_compute_the_same():
    x = np.array([[3, 1, 2], [0, -1, 5]], "float32")
    np.testing.assert_array_equal(sort(_core.tensor(x)), np.sort(x))
    plan = plan_of(lambda t: ops.add(sort(ops.multiply(t, 2.0)), 1.0))
    for k in range(3):
        np.testing.assert_array_equal(plan.run([x + k])[0][0], 2 * np.sort(x + k) + 1)
    np.testing.assert_array_equal(plan.predict(x), 2 * np.sort(x) + 1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint8", "int32", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 1)])
def test_dtypes_and_shapes(dtype, shape):
    x = np.ones(shape, dtype)
    seen = []

    def fn(a):
        seen.append((a.shape, a.dtype, a.flags.writeable))
        return a, a[..., None]

    specs = [(shape, dtype), ((*shape, 1), dtype)]
    for y in (
        host_call("f", fn, [x], specs),
        plan_of(lambda t: host_call("f", fn, [t], specs)[1], shape, dtype).run([x])[0],
    ):
        np.testing.assert_array_equal(y[-1], x[..., None])
    assert seen == [(shape, np.dtype(dtype), False)] * len(seen) and seen


def test_results_do_not_share_memory_with_arguments():
    x = _core.tensor(np.ones(3, "float32"))
    (y,) = host_call("same", lambda a: a, [x], [((3,), "float32")])
    x.copy_from(np.zeros(3, "float32"))
    assert y.tolist() == [1, 1, 1]


def test_a_recorded_call_may_keep_its_argument():
    kept = []

    def fn(a):
        kept.append(a)
        return a

    plan = plan_of(lambda t: host_call("keep", fn, [t], [((2, 3), "float32")])[0])
    x = np.ones((2, 3), "float32")
    plan.run([x])
    x[:] = 7
    plan.run([x])
    del plan
    assert [a.flat[0] for a in kept] == [1, 7]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.zeros((3, 2), "float32"), r"f: expected result 0 of shape \(2, 3\) and float32, received shape \(3, 2\)"),
        (np.zeros((2, 3)), r"received shape \(2, 3\) and float64"),
        (np.zeros((2, 3), ">f4"), "expected result 0"),
        ((), "expected 1 results, received 0"),
        (None, "expected result 0"),
        ("text", "expected result 0"),
        ([np.zeros((2, 3), "float32")] * 2, "expected 1 results, received 2"),
    ],
)
def test_wrong_results(result, message):
    x = np.zeros((2, 3), "float32")
    spec = [((2, 3), "float32")]
    with pytest.raises(ValueError, match=message):
        host_call("f", lambda a: result, [x], spec)
    plan = plan_of(lambda t: host_call("f", lambda a: result, [t], spec)[0])
    with pytest.raises(ValueError, match=message):
        plan.run([x])


class Broken(Exception):
    pass


def failing(flag, error=Broken):
    def fn(a):
        if flag[0]:
            raise error("it broke")
        return a

    return lambda t: host_call("broken", fn, [t], [(tuple(t.shape), t.dtype)])[0]


@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt, StopIteration])
def test_an_exception_comes_out_of_every_kind_of_run(error):
    flag = [False]
    after = _core.tensor(0, dtype="int64")

    def body(t):
        with_scope = failing(flag, error)
        _core.push_scope("my_layer")
        y = with_scope(t)
        _core.pop_scope()
        _core.increment(after)
        return y

    plan = plan_of(body)
    x = np.ones((2, 3), "float32")
    runs = [
        lambda: plan.run([x]),
        lambda: plan.run([x], profiled=True),
        lambda: plan.predict(x),
        lambda: plan.run_batches([x], None, 0, 1),
    ]
    for run in runs:
        flag[0] = True
        with pytest.raises(error, match="it broke") as info:
            run()
        if hasattr(info.value, "add_note"):
            assert "host_call:broken in a recorded step, layer 'my_layer'" in "\n".join(info.value.__notes__)
        assert "raise error" in "".join(traceback.format_tb(info.value.__traceback__))
        flag[0] = False
        run()
    assert int(after) == len(runs)  # nothing after the call runs when it fails


def test_records_and_profile():
    plan = plan_of(sort)
    record = next(r for r in plan.records() if r["kernel"] == "host_call:sort")
    assert record["isa"] == "host" and record["chunks"] == 1 and record["reads"] == ((2, 3),)
    plan.run([np.ones((2, 3), "float32")], profiled=True)
    assert next(r for r in plan.records() if r["kernel"] == "host_call:sort")["seconds"] > 0


def test_its_results_are_not_known_while_recording():
    tape = _core.Tape(record=True)
    with tape:
        (y,) = host_call("ones", lambda: np.ones(2, "float32"), [], [((2,), "float32")])
        with pytest.raises(RuntimeError, match="no value yet"):
            y.numpy()
        plan = tape.compile([y])
    assert plan.run([])[0][0].tolist() == [1, 1]


def test_skipped_calls_do_not_run():
    calls, flag = [], _core.tensor(1, dtype="int32")

    def body(t):
        _core.begin_skip(flag)
        host_call("seen", lambda a: calls.append(1) or a, [t], [((2, 3), "float32")])
        _core.end_skip()
        return ops.add(t, 1.0)

    plan = plan_of(body)
    plan.run([np.ones((2, 3), "float32")])
    assert not calls
    flag.copy_from(np.int32(0))
    plan.run([np.ones((2, 3), "float32")])
    assert calls


def test_a_function_cannot_run_its_own_plan():
    plans = []
    x = np.ones((2, 3), "float32")

    def again(a):
        return plans[0].run([x])[0][0]

    plans.append(plan_of(lambda t: host_call("again", again, [t], [((2, 3), "float32")])[0]))
    with pytest.raises(RuntimeError, match="this plan is in use"):
        plans[0].run([x])
    other = plan_of(sort)
    plan = plan_of(lambda t: host_call("other", lambda a: other.run([a])[0][0], [t], [((2, 3), "float32")])[0])
    plan.run([x])


def test_two_threads_run_two_plans_whose_calls_fail_on_their_own():
    x = np.ones((2, 3), "float32")
    wrong = []

    def work(number):
        flag = [False]
        plan = plan_of(lambda t: ops.add(failing(flag, lambda text: Broken(number))(t), 0.0))
        for k in range(50):
            flag[0] = k % 2 == 1
            try:
                plan.run([x])
                if flag[0]:
                    wrong.append("no error")
            except Broken as e:
                if e.args != (number,) or not flag[0]:
                    wrong.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


class Sorted(layers.Layer):
    def __init__(self, broken, **kwargs):
        super().__init__(**kwargs)
        self.broken = broken

    def call(self, x):
        return x + self.broken(sort(x))


def test_fit_evaluate_predict_with_a_call_inside():
    flag = [False]
    model = netlet.Sequential(
        [netlet.Input((3,)), layers.Dense(4), Sorted(failing(flag), name="sorted"), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    first = model.fit(x, y, epochs=5, batch_size=4, verbose=0).history["loss"]
    assert first[-1] < first[0]
    weights = [w.copy() for w in model.get_weights()]
    flag[0] = True
    for method in (
        lambda: model.fit(x, y, verbose=0),
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x, verbose=0),
        lambda: model.train_on_batch(x, y),
    ):
        with pytest.raises(Broken, match="it broke"):
            method()
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    flag[0] = False
    model.fit(x, y, verbose=0)


def test_a_loss_that_is_not_finite_is_still_found():
    class Negative(layers.Layer):
        def call(self, x):
            return ops.log(sort(x) + x - 5.0)

    model = netlet.Sequential([netlet.Input((3,)), layers.Dense(3), Negative(name="negative")])
    model.compile("sgd", "mse")
    with pytest.raises(netlet.training.results.NonFiniteLossError, match=r"came out of layer '.*negative'"):
        model.fit(np.zeros((4, 3), "float32"), np.zeros((4, 3), "float32"), verbose=0)


def test_a_model_whose_steps_call_it_is_freed():
    class Halves(netlet.Model):
        def call(self, x):
            return host_call("halve", self.halve, [x], [(tuple(x.shape), "float32")])[0]

        def halve(self, x):
            return x / np.float32(2)

    model = Halves()
    assert model.predict(np.ones((2, 3), "float32"), verbose=0).tolist() == [[0.5] * 3] * 2
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_exit_while_a_daemon_thread_is_in_a_call():
    code = """
    import threading, time, numpy as np
    from netlet import _core
    from netlet.engine.host_call import host_call
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((3,), "float32", "x")
        slow = lambda a: (started.release(), time.sleep(0.01), a)[2]
        plan = tape.compile(host_call("slow", slow, [x], [((3,), "float32")]))
    started = threading.Semaphore(0)
    def for_ever():
        while True:
            plan.run([np.ones(3, "float32")])
    threading.Thread(target=for_ever, daemon=True).start()
    for _ in range(3):
        started.acquire()
    raise SystemExit(3)
    """
    child = run_child(code, check=False)
    assert (child.returncode, child.stderr) == (3, "")


def test_a_forked_child_runs_the_plan():
    code = """
    import os, threading, time, numpy as np
    from netlet import _core
    from netlet.engine.host_call import host_call
    tape = _core.Tape(record=True)
    with tape:
        x = tape.input((3,), "float32", "x")
        plan = tape.compile(host_call("slow", lambda a: (time.sleep(0.05), a + 1)[1], [x], [((3,), "float32")]))
    thread = threading.Thread(target=lambda: plan.run([np.ones(3, "float32")]))
    thread.start()
    time.sleep(0.02)
    if (pid := os.fork()) == 0:
        os._exit(5 if plan.run([np.ones(3, "float32")])[0][0].tolist() == [2, 2, 2] else 6)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    thread.join()
    """
    run_child(code)

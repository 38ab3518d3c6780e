"""What a thread enters (a scope, a tape, a device) holds for this thread, and is seen by no other one."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import netlet
from netlet import layers, ops, random
from netlet.engine.stateless_scope import StatelessScope
from support.threads import at_once

VARIABLE = netlet.Variable(np.float32(1), name="shared")


def path():
    return netlet.Variable(np.zeros(1), name="v").path


def knows(name):
    try:
        return netlet.saving.get_registered_object(name) is not None
    except Exception:
        return False


def gradient():
    """Whether an op is being watched: the gradient of VARIABLE**2 on a tape of this thread."""
    with netlet.GradientTape() as tape:
        y = ops.square(VARIABLE)
    return float(tape.gradient(y, VARIABLE))


def custom():
    return knows("Custom")


STATES = {
    "name_scope": (lambda: netlet.name_scope("outer"), path),
    "StatelessScope": (lambda: StatelessScope([(VARIABLE, np.float32(5))]), lambda: float(VARIABLE)),
    "CustomObjectScope": (lambda: netlet.saving.CustomObjectScope({"Custom": dict}), custom),
    "seeded": (lambda: random.seeded(7), lambda: random.make_seed() if _inside() else 0),
    "GradientTape": (netlet.GradientTape, gradient),
    "device": (lambda: netlet.device("cpu:0"), lambda: netlet.Variable(np.zeros(1))._tensor.device),
    "RematScope": (lambda: netlet.RematScope("full"), lambda: layers.Dense(1).__dict__.get("_remat_mode", None)),
}
_here = threading.local()


def _inside():
    return getattr(_here, "inside", False)


@pytest.mark.parametrize("name", STATES)
def test_a_scope_holds_for_its_thread_only(name):
    scope, look = STATES[name]
    outside = look()
    entered, seen = threading.Barrier(2), threading.Barrier(2)

    def within():
        with scope():
            _here.inside = True
            entered.wait(60)
            found = [look() for _ in range(20)]
            seen.wait(60)
        _here.inside = False
        return found

    def without():
        entered.wait(60)
        found = [look() for _ in range(20)]
        seen.wait(60)
        return [*found, look()]

    found, others = at_once(within, without)
    assert others == [outside] * 21
    if name in ("name_scope", "StatelessScope", "CustomObjectScope"):
        assert found == [found[0]] * 20
        assert found[0] != outside


def test_scopes_of_many_threads():
    def nested(i):
        for _ in range(30):
            with netlet.name_scope(f"a{i}"), netlet.name_scope("b"):
                assert path() == f"a{i}/b/v"
            with StatelessScope([(VARIABLE, np.float32(i))]) as scope:
                assert float(VARIABLE) == i
                VARIABLE.assign(np.float32(i + 1))
                assert float(scope.get_current_value(VARIABLE)) == i + 1
            assert path() == "v"

    at_once(*[lambda i=i: nested(i) for i in range(2, 8)])
    assert float(VARIABLE) == 1


def test_tapes_of_many_threads():
    """Each thread watches its own computation, of first and second order."""

    def differentiate(i):
        for _ in range(30):
            x = netlet.Variable(np.float32(i))
            with netlet.GradientTape() as outer, netlet.GradientTape() as inner:
                y = x * x * x
                first = inner.gradient(y, x)
            assert float(first) == 3 * i * i
            assert float(outer.gradient(first, x)) == 6 * i

    at_once(*[lambda i=i: differentiate(i) for i in range(1, 7)])


def test_branches_recorded_in_many_threads():
    """`ops.cond` in a recorded step records both branches."""

    class Branches(layers.Layer):
        def __init__(self, factor):
            super().__init__()
            self.factor = float(factor)

        def call(self, x):
            return ops.cond(ops.sum(x) > 0, lambda: x * self.factor, lambda: x - self.factor)

    def run(i):
        for _ in range(4):
            model = netlet.Sequential([netlet.Input((3,)), Branches(i)])
            for sign in (1, -1):
                x = np.full((2, 3), sign, "float32")
                expected = x * i if sign > 0 else x - i
                np.testing.assert_array_equal(model.predict(x, verbose=0), expected)

    at_once(*[lambda i=i: run(i) for i in range(2, 8)])


def test_layers_that_compute_in_a_half_in_one_thread():
    """A layer under mixed_bfloat16 casts its own inputs; layers in other threads stay in float32."""
    x = np.full((2, 4), 1 + 2**-12, "float32")  # not a bfloat16
    ones = {"use_bias": False, "kernel_initializer": "ones"}

    def run(policy):
        layer = layers.Dense(1, dtype=policy, **ones)
        return [str(ops.convert_to_tensor(layer(x)).dtype) for _ in range(50)], float(np.asarray(layer(x))[0, 0])

    half, full = at_once(lambda: run("mixed_bfloat16"), lambda: run("float32"))
    assert half == (["bfloat16"] * 50, 4.0)
    assert full == (["float32"] * 50, 4 + 2**-10)

"""The tape: ops run eagerly or are recorded, gradients in both modes, and errors."""

import threading

import numpy as np
import pytest

from netlet import _core


def network(x, w, b):
    h = _core.dense(x, w, b, "tanh")
    return _core.mean(_core.multiply(h, _core.exp(h)))


def tensors(rng, *shapes):
    out = []
    for shape in shapes:
        t = _core.tensor(rng.standard_normal(shape))
        t.requires_grad = True
        out.append(t)
    return out


def test_recorded_and_eager_steps_give_the_same_bits():
    rng = np.random.default_rng(0)
    w, b = tensors(rng, (5, 3), (3,))
    x = rng.standard_normal((7, 5))

    eager = _core.Tape(grad=True)
    with eager:
        loss = network(_core.as_tensor(x), w, b)
    grads = eager.gradients(loss, [w, b])

    recorder = _core.Tape(record=True, grad=True)
    with recorder:
        y = network(recorder.input((7, 5), "float64", "x"), w, b)
        plan = recorder.compile([y, *recorder.gradients(y, [w, b])])
    outputs, stopped = plan.run([x])
    assert stopped == -1
    for got, expected in zip(outputs, [loss, *grads]):
        np.testing.assert_array_equal(got, expected.numpy())


def test_a_value_used_twice_collects_both_gradients():
    (x,) = tensors(np.random.default_rng(1), (4,))
    tape = _core.Tape(grad=True)
    with tape:
        y = _core.sum(_core.add(_core.multiply(x, x), _core.add(x, x)))
    np.testing.assert_allclose(tape.gradients(y, [x])[0].numpy(), 2 * x.numpy() + 2)


def test_gradients_of_intermediate_values_stay_what_they_are():
    """The gradients of a view and of the tensor it views are both requested; one must not be added into the other."""
    (x,) = tensors(np.random.default_rng(2), (2, 3))
    tape = _core.Tape(grad=True)
    with tape:
        h = _core.multiply(x, 2.0)
        flat = _core.reshape(h, (6,))
        y = _core.add(_core.sum(_core.multiply(flat, 3.0)), _core.sum(_core.multiply(h, 5.0)))
    dx, dh, dflat = tape.gradients(y, [x, h, flat])
    np.testing.assert_array_equal(dflat.numpy(), np.full(6, 3.0))
    np.testing.assert_array_equal(dh.numpy(), np.full((2, 3), 8.0))
    np.testing.assert_array_equal(dx.numpy(), np.full((2, 3), 16.0))


def test_a_view_whose_origin_is_used_elsewhere_too():
    (x,) = tensors(np.random.default_rng(3), (2, 3))
    for order in (0, 1):
        tape = _core.Tape(grad=True)
        with tape:
            h = _core.multiply(x, 2.0)
            parts = [_core.sum(_core.multiply(_core.reshape(h, (6,)), 3.0)), _core.sum(_core.multiply(h, 5.0))]
            y = _core.add(parts[order], parts[1 - order])
        np.testing.assert_array_equal(tape.gradients(y, [x])[0].numpy(), np.full((2, 3), 16.0))


def test_a_source_that_nothing_depends_on_has_no_gradient():
    x, z = tensors(np.random.default_rng(4), (3,), (3,))
    tape = _core.Tape(grad=True)
    with tape:
        y = _core.sum(x)
    assert tape.gradients(y, [x, z])[1] is None


def test_the_callers_seed_is_not_written_to():
    (x,) = tensors(np.random.default_rng(5), (2, 2))
    seed = np.full((4,), 2.0)
    tape = _core.Tape(grad=True)
    with tape:
        h = _core.multiply(x, 1.0)
        y = _core.reshape(h, (4,))
        z = _core.add(h, h)
    del z
    tape.gradients(y, [x], output_gradient=seed)
    np.testing.assert_array_equal(seed, np.full((4,), 2.0))


def test_recorded_tensors_have_no_values_and_say_so():
    recorder = _core.Tape(record=True)
    with recorder:
        x = recorder.input((2,), "float32", "x")
    with pytest.raises(RuntimeError, match="recorded step and has no value yet"):
        np.asarray(x)
    with pytest.raises(RuntimeError, match="belongs to a recording"):
        _core.exp(x)
    other = _core.Tape(record=True)
    with other, pytest.raises(RuntimeError, match="belongs to a recording"):
        _core.exp(x)


def test_tapes_are_left_in_order():
    a, b = _core.Tape(), _core.Tape()
    a.__enter__()
    b.__enter__()
    with pytest.raises(RuntimeError, match="reverse order"):
        a.__exit__()
    b.__exit__()
    a.__exit__()


def test_a_tape_is_entered_by_one_thread_at_a_time():
    """The tape records ops without holding the GIL, so two threads would write to it concurrently."""
    tape = _core.Tape(grad=True)
    refused = []

    def enter() -> None:
        try:
            with tape:
                pass
        except RuntimeError as e:
            refused.append(str(e))

    with tape, tape:
        other = threading.Thread(target=enter)
        other.start()
        other.join()
    assert refused == ["a tape records the ops of one thread: another thread has entered this one"]
    other = threading.Thread(target=enter)
    other.start()
    other.join()
    assert len(refused) == 1

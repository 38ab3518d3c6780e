"""Parameters share one block of memory, and an optimizer updates adjacent parameters with one kernel call."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import Variable, _core, optimizers
from netlet.engine.storage import storage_epoch
from netlet.optimizers.base.segment import ALIGNMENT, as_gradient, place, runs


def variables(*shapes, dtype="float32"):
    return [Variable(np.full(s, i + 1.0), dtype=dtype, name=f"v{i}") for i, s in enumerate(shapes)]


def test_variables_move_once_and_keep_their_values():
    vs = variables((3, 5), (5,), ())
    before = storage_epoch()
    first = place(vs)
    moved = storage_epoch()
    assert moved > before
    assert [v.numpy().flat[0] for v in vs] == [1, 2, 3]
    assert place(vs) == first
    assert storage_epoch() == moved
    segment = first[0].segment
    assert [p.begin for p in first] == [0, 16, 32]
    assert all(p.begin % ALIGNMENT == 0 for p in first)
    flat = segment.params.numpy()
    flat[first[1].begin] = 7
    assert vs[1].numpy()[0] == 7
    vs[2].assign(9.0)
    assert flat[32] == 9


def test_each_dtype_has_a_segment_of_its_own():
    vs = [*variables((3,)), *variables((3,), dtype="float64")]
    a, b = place(vs)
    assert a.segment is not b.segment
    assert (a.segment.dtype, b.segment.dtype) == ("float32", "float64")
    optimizers.Adam(0.1).apply([np.ones(3), np.ones(3)], vs)
    for v in vs:
        np.testing.assert_allclose(v.numpy(), v.numpy()[0])


def test_neighbours_are_one_run_and_gaps_part_them():
    vs = variables((3, 5), (5,), (20,), (2,))
    at = place(vs)
    own = [p.of(p.segment.grads, v.shape) for p, v in zip(at, vs, strict=True)]
    loose = [_core.tensor(np.zeros(v.shape, "float32")) for v in vs]

    def shape_of(gradients, decays=(True,) * 4, skip=()):
        items = [(p, g, d) for i, (p, g, d) in enumerate(zip(at, gradients, decays, strict=True)) if i not in skip]
        return [(len(r.places), r.extent) for r in runs(items)]

    assert shape_of(own) == [(4, 80)]
    assert shape_of(own[::-1][::-1]) == [(4, 80)]
    assert shape_of(loose) == [(1, 15), (1, 5), (1, 20), (1, 2)]
    assert shape_of([own[0], own[1], loose[2], own[3]]) == [(2, 32), (1, 20), (1, 2)]
    assert shape_of(own, decays=(True, False, False, True)) == [(1, 15), (2, 48), (1, 2)]
    assert shape_of(own, skip=(1,)) == [(1, 15), (2, 48)]


def test_padding_stays_zero_through_every_update():
    for optimizer in (
        optimizers.SGD(0.1, momentum=0.9, weight_decay=0.1),
        optimizers.Adam(0.1, amsgrad=True, global_clipnorm=0.1),
        optimizers.RMSprop(0.1, centered=True, momentum=0.9),
        *(cls(0.1) for name, cls in optimizers._CLASSES.items() if name != "LBFGS"),
    ):
        vs = variables((3,), (5,))
        optimizer.build(vs)
        targets = optimizer.gradient_targets()
        for v in vs:
            targets[id(v)].numpy()[...] = 2.0
        for _ in range(3):
            optimizer.apply([targets[id(v)] for v in vs], vs)
        flat = place(vs)[0].segment.params.numpy()
        assert not flat[3:16].any()
        assert not flat[21:].any()
        assert flat[:3].all()


def test_a_second_optimizer_begins_with_fresh_slots_in_the_same_memory():
    vs = variables((4,), (4,))
    first = optimizers.Adam(0.1)
    first.apply([np.ones(4), np.ones(4)], vs)
    epoch = storage_epoch()
    address = vs[0]._tensor.address
    second = optimizers.SGD(0.1)  # no slots: no parameter is moved, so no plan is recorded again
    second.build(vs)
    assert vs[0]._tensor.address == address
    assert storage_epoch() == epoch
    third = optimizers.Adam(0.1)
    third.build(vs[1:])
    assert all(not v.numpy().any() for v in third.variables[2:])
    third.apply([np.ones(4)], vs[1:])
    with pytest.raises(ValueError, match="Unknown variable"):
        third.apply([np.ones(4)], vs[:1])


def test_slots_are_variables_that_share_the_flat_memory():
    vs = variables((3, 5), (5,))
    optimizer = optimizers.Adam(0.1)
    optimizer.build(vs)
    names = [v.path.rsplit("/", 1)[-1] for v in optimizer.variables]
    assert names == ["iteration", "learning_rate", "v0_momentum", "v0_velocity", "v1_momentum", "v1_velocity"]
    optimizer.variables[2].assign(np.full((3, 5), 4.0))
    optimizer.apply([np.zeros((3, 5)), np.zeros(5)], vs)
    np.testing.assert_allclose(optimizer.variables[2].numpy(), 3.6, rtol=1e-6)
    assert not optimizer.variables[4].numpy().any()
    saved = [v.numpy() for v in optimizer.variables]
    other = optimizers.Adam(0.1)
    other.build(vs)
    other.set_weights(saved)
    for a, b in zip(other.variables, saved, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)


def test_the_callers_gradients_are_not_changed_by_clipping():
    vs = variables((4,))
    gradient = np.full(4, 100.0, dtype="float32")
    for arguments in ({"clipvalue": 1.0}, {"clipnorm": 1.0}, {"global_clipnorm": 1.0}, {"loss_scale_factor": 2.0}):
        optimizers.SGD(0.1, **arguments).apply([gradient], vs)
        np.testing.assert_array_equal(gradient, 100)


def test_gradients_are_checked():
    (v,) = variables((4,))
    with pytest.raises(ValueError, match=r"gradient of 'v0': expected shape \(4,\), received \(3,\)"):
        as_gradient(np.zeros(3), v)
    assert as_gradient(np.zeros(4), v).dtype == "float32"

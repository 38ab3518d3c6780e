"""The CTC loss against enumeration of all paths, a float64 recursion on logarithms, and Keras.

Its gradient is tested against difference quotients.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core, ops
from support import keras64
from support.alignments import log_softmax, loss_by_recursion, sequence_probabilities
from support.differences import check_gradients
from support.gradients import gradient
from support.guarded import guarded


def batch(seed, samples, steps, classes, width, blank=0, spread=2.0, full=False):
    """Labels, logits, label lengths and frames that fit together; a third of the labels repeat the preceding one."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, steps, classes)) * spread
    others = [k for k in range(classes) if k != blank]
    labels = rng.choice(others, (samples, width)) if others else np.zeros((samples, width), "int64")
    for j in range(1, width):
        labels[:, j] = np.where(rng.uniform(size=samples) < 0.3, labels[:, j - 1], labels[:, j])
    frames = np.full(samples, steps) if full else rng.integers(0, steps + 1, samples)
    lengths = np.minimum(rng.integers(0, width + 1, samples), frames) if others else np.zeros(samples, "int64")
    return labels.astype("int32"), x, lengths.astype("int32"), frames.astype("int32")


def truth(labels, x, lengths, frames, blank=0):
    return np.array(
        [loss_by_recursion(v[:t], y[:n], blank) for y, v, n, t in zip(labels, x, lengths, frames, strict=True)]
    )


@pytest.mark.parametrize("blank", [0, 1, 2])
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_against_every_path(isa, steps, blank):
    rng = np.random.default_rng(steps)
    x = rng.normal(size=(steps, 3)) * 2
    of_sequences = sequence_probabilities(x, blank)
    assert abs(sum(of_sequences.values()) - 1) < 1e-13
    for labels, p in of_sequences.items():
        width = max(1, len(labels))
        target = np.array([[*labels, *[blank] * (width - len(labels))]])
        loss = ops.ctc_loss(target, x[None], np.array([len(labels)]), np.array([steps]), blank)
        np.testing.assert_allclose(loss, [-np.log(p)], rtol=1e-12)
        # Lengths derived from the labels.
        np.testing.assert_array_equal(_core.ctc_loss(target, x[None], mask_index=blank), loss)


@settings(max_examples=300, deadline=None)
@given(
    samples=st.integers(0, 4),
    steps=st.integers(0, 12),
    classes=st.integers(1, 20),
    width=st.integers(0, 20),
    blank=st.integers(0, 19),
    seed=st.integers(0, 9),
)
def test_any_lengths(samples, steps, classes, width, blank, seed):
    blank %= classes
    labels, x, lengths, frames = batch(seed, samples, steps, classes, width, blank)
    loss, dx = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames, blank), x)
    expected = truth(labels, x, lengths, frames, blank)
    np.testing.assert_allclose(loss, expected, rtol=1e-12, atol=1e-12)
    # A shift of all logits of a frame changes nothing, so gradients sum to 0. Padding and impossible samples have none.
    np.testing.assert_allclose(dx.sum(-1), 0, atol=1e-13)
    assert np.isfinite(dx).all()
    for b in range(samples):
        assert not dx[b, frames[b] :].any()
        assert np.isfinite(loss[b]) or not dx[b].any()


@pytest.mark.parametrize(
    ("samples", "steps", "classes", "width"), [(3, 5, 4, 2), (2, 1, 3, 1), (2, 7, 3, 3), (1, 20, 2, 9), (2, 4, 9, 0)]
)
def test_gradient(isa, samples, steps, classes, width):
    for blank in (0, classes - 1):
        labels, x, lengths, frames = batch(1, samples, steps, classes, width, blank, full=samples == 1)
        repeats = np.array([int((y[1:n] == y[: n - 1]).sum()) if n else 0 for y, n in zip(labels, lengths)])
        lengths = np.where(lengths + repeats > frames, 0, lengths).astype("int32")
        check_gradients(lambda v, a=(labels, lengths, frames, blank): _core.ctc_loss(a[0], v, *a[1:]), [x])


@pytest.mark.parametrize("width", [1, 7, 8, 15, 16, 17, 31, 40])
def test_edges_of_the_vector(isa, width):
    """Label sequences around multiples of the vector width, in float32 and float64."""
    labels, x, _, frames = batch(width, 3, 2 * width + 3, 6, width, full=True)
    lengths = np.array([width, width - 1, max(0, width - 7)], "int32")
    expected = truth(labels, x, lengths, frames)
    # Each of the T steps rounds Z three times; differences of logits are rounded once.
    for dtype, u in (("float64", 2.0**-53), ("float32", 2.0**-24)):
        narrow = x.astype(dtype)
        exact = truth(labels, narrow, lengths, frames) if dtype == "float32" else expected
        loss = ops.ctc_loss(labels, narrow, lengths, frames)
        assert loss.dtype == dtype
        bound = u * (exact + 12 * x.shape[1])
        assert (np.abs(loss - exact) <= bound).all()


@pytest.mark.parametrize("scale", [30.0, 1e3, 1e5])
def test_no_range_is_too_wide(isa, scale):
    """Probabilities down to e^-10000 and below: float32 losses and gradients keep the accuracy of the logits."""
    labels, x, lengths, frames = batch(3, 4, 60, 8, 10, spread=scale, full=True)
    lengths[:] = 10
    x = x.astype("float32")
    loss, dx = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames), x)
    wide, wide_dx = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames), x.astype("float64"))
    np.testing.assert_allclose(wide, truth(labels, x, lengths, frames), rtol=1e-12)
    np.testing.assert_allclose(loss, wide, rtol=1e-6)
    # The rounding error of a logit is the relative error of its exponential.
    np.testing.assert_allclose(dx, wide_dx, atol=60 * 2.0**-24 * np.abs(x).max() + 1e-6)


def test_classes_that_are_impossible(isa):
    """A logit of -inf means probability 0: the loss is infinite only if no path is left."""
    labels, x, lengths, frames = np.array([[1, 2]] * 2), np.zeros((2, 4, 4)), np.array([2, 2]), np.array([4, 4])
    x[0, :, 3] = -np.inf
    x[1, :, 2] = -np.inf
    loss, dx = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames), x)
    np.testing.assert_allclose(loss, [-np.log(15 / 81), np.inf])
    assert np.isfinite(dx).all()
    assert not dx[1].any()
    lowest = np.full((1, 3, 2), -np.finfo("float32").max, "float32")
    np.testing.assert_allclose(ops.ctc_loss(np.array([[1]]), lowest, np.array([1]), np.array([3])), -np.log(6 / 8))
    for bad in (np.nan, np.inf):
        x[0, 2, 1] = bad
        loss, _ = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames), x)
        assert np.isnan(loss[0])


def test_too_few_frames_for_blanks_between_equal_labels(isa):
    """The probability is 0, so the loss is infinite as in PyTorch; the gradient is 0 (PyTorch: NaN)."""
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    labels = np.array([[1, 1, 2], [1, 2, 1]])
    loss, dx = gradient(lambda v: ops.ctc_loss(labels, v, np.array([3, 3]), np.array([3, 3])), x)
    assert loss[0] == np.inf
    assert loss[1] == pytest.approx(-log_softmax(x)[1, [0, 1, 2], [1, 2, 1]].sum(), rel=1e-12)
    assert not dx[0].any()
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("blank", [0, 3])
def test_against_keras(isa, blank):
    labels, x, lengths, frames = batch(5, 6, 17, 7, 6, blank)
    frames = np.maximum(frames, 2 * lengths + 1).clip(max=17)
    seed = np.random.default_rng(1).uniform(0.5, 2, 6)
    theirs = keras64.value_and_gradient(lambda v: keras.ops.ctc_loss(labels, v, lengths, frames, blank), x, seed)
    ours = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames, blank), x, seed)
    for got, want in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_against_torch(isa):
    torch = pytest.importorskip("torch")
    for blank in (0, 4):
        labels, x, lengths, frames = batch(6, 8, 30, 9, 8, blank)
        frames = np.maximum(frames, 2 * lengths + 1).clip(min=1)
        leaf = torch.tensor(x, requires_grad=True)
        loss = torch.nn.CTCLoss(blank, "none")(
            leaf.log_softmax(-1).transpose(0, 1),
            *(torch.tensor(v.astype("int64")) for v in (labels, frames, lengths)),
        )
        loss.sum().backward()
        ours = gradient(lambda v, a=(labels, lengths, frames, blank): ops.ctc_loss(a[0], v, *a[1:]), x)
        np.testing.assert_allclose(ours[0], loss.detach().numpy(), rtol=1e-11)
        np.testing.assert_allclose(ours[1], leaf.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_do_not_change_bits(threads, dtype):
    labels, x, lengths, frames = batch(7, 9, 50, 30, 12)
    loss, dx = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames), x.astype(dtype))
    _core.set_num_threads(1)
    alone, alone_dx = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames), x.astype(dtype))
    np.testing.assert_array_equal(loss, alone)
    np.testing.assert_array_equal(dx, alone_dx)


def test_a_sample_does_not_depend_on_its_batch(isa):
    labels, x, lengths, frames = batch(8, 5, 20, 11, 6)
    loss, dx = gradient(lambda v: ops.ctc_loss(labels, v, lengths, frames), x)
    for b in range(5):
        one = [v[b : b + 1] for v in (labels, x, lengths, frames)]
        alone, alone_dx = gradient(lambda v, a=one: ops.ctc_loss(a[0], v, a[2], a[3]), one[1])
        np.testing.assert_array_equal(alone, loss[b : b + 1])
        np.testing.assert_array_equal(alone_dx, dx[b : b + 1])


@pytest.mark.parametrize("kind", ["int8", "uint8", "int64", "float32", "bool"])
def test_labels_of_any_type(kind):
    labels, x, lengths, frames = np.array([[1, 1, 0]] * 2), np.ones((2, 5, 3)), np.array([2, 1]), np.array([5, 4])
    same = ops.ctc_loss(
        labels.astype(kind), x, lengths.astype(kind if kind != "bool" else "int8"), frames.astype("int64")
    )
    np.testing.assert_array_equal(same, ops.ctc_loss(labels, x, lengths, frames))


OUTSIDE = [-1, 4, 2**31 - 1, -(2**31), 0]


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_byte_outside_is_touched(isa, dtype, side):
    for samples, steps, classes, width in [(1, 1, 1, 0), (2, 3, 4, 2), (3, 9, 17, 8), (1, 33, 5, 16), (2, 40, 33, 17)]:
        arrays = batch(9, samples, steps, classes, width)
        labels, x, lengths, frames = (guarded(v, side) for v in (arrays[0], arrays[1].astype(dtype), *arrays[2:]))
        leaf = _core.as_tensor(x)
        leaf.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = _core.ctc_loss(labels, leaf, lengths, frames)
            tape.gradients(y, [leaf], guarded(np.ones(samples, dtype), side))
        np.testing.assert_array_equal(y.numpy(), _core.ctc_loss(arrays[0], arrays[1].astype(dtype), *arrays[2:]))


@pytest.mark.parametrize("side", ["begin", "end"])
def test_a_plan_reads_nothing_by_wrong_labels_and_lengths(isa, side):
    """A plan cannot raise for such values: the sample's loss is NaN, and the other samples are unchanged."""
    samples, steps, classes, width = 4, 6, 4, 3
    with _core.Tape(record=True, grad=True) as tape:
        x = tape.input((samples, steps, classes), "float32", "x")
        rest = [tape.input(s, "int32", n) for s, n in (((samples, width), "y"), ((samples,), "l"), ((samples,), "f"))]
        x.requires_grad = True
        loss = _core.ctc_loss(rest[0], x, *rest[1:])
        (dx,) = tape.gradients(loss, [x])
        plan = tape.compile([loss, dx])
    logits = np.random.default_rng(1).normal(size=(samples, steps, classes)).astype("float32")
    good = np.array([[1, 2, 3], [3, 3, 1], [2, 0, 0], [0, 0, 0]]), np.array([3, 3, 1, 0]), np.array([6, 5, 4, 3])
    good = [v.astype("int32") for v in good]
    expected = plan.run([logits, *good])[0]
    np.testing.assert_array_equal(expected[0], ops.ctc_loss(good[0], logits, *good[1:]))
    for bad in OUTSIDE:
        for argument in range(3):
            given = [v.copy() for v in good]
            given[argument].reshape(samples, -1)[1, -1] = bad
            lengths = given[1][1], given[2][1]
            fine = argument > 0 and 0 <= lengths[0] <= width and 0 <= lengths[1] <= steps
            got = plan.run([guarded(logits, side), *(guarded(v, side) for v in given)])[0]
            assert np.isnan(got[0][1]) == (not fine)
            assert fine or np.isnan(got[1][1]).any() or lengths[1] <= 0
            others = [0, 2, 3]
            np.testing.assert_array_equal(got[0][others], expected[0][others])
            np.testing.assert_array_equal(got[1][others], expected[1][others])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [[1, 2], [4, 1]]}, r"labels in \[0, 4\).*received 4 at \(1, 0\)"),
        ({"labels": [[1, -1], [1, 1]]}, r"received -1 at \(0, 1\)"),
        ({"labels": [[1, 2], [1, 0]]}, r"label 0 at \(1, 1\) is the blank"),
        ({"lengths": [2, 3]}, r"target_length in \[0, 2\], received 3 for sample 1"),
        ({"lengths": [-1, 2]}, r"target_length .* received -1 for sample 0"),
        ({"frames": [3, 4]}, r"output_length in \[0, 3\], received 4 for sample 1"),
        ({"frames": [3, 1]}, r"at most 1 labels in sample 1, one per time step, received 2"),
        ({"lengths": [2, 2, 2]}, r"expected target_length of shape \(2,\), received \(3,\)"),
        ({"frames": [[3], [3]]}, r"expected output_length of shape \(2,\), received \(2, 1\)"),
        ({"labels": [1, 2]}, r"expected labels of shape \(2, length\).*received \(2,\)"),
        ({"labels": [[1, 2]]}, r"expected labels of shape \(2, length\).*received \(1, 2\)"),
        ({"x": np.zeros((2, 3))}, r"expected logits of shape \(batch, steps, classes\), received \(2, 3\)"),
        ({"x": np.zeros((2, 3, 0))}, r"mask_index in \[0, 0\).*received 0"),
        ({"blank": 4}, r"mask_index in \[0, 4\).*received 4"),
        ({"blank": -1}, r"mask_index .* received -1"),
    ],
)
def test_refusals(change, message):
    given = {"labels": [[1, 2], [3, 1]], "x": np.zeros((2, 3, 4)), "lengths": [2, 2], "frames": [3, 3], "blank": 0}
    given |= change
    with pytest.raises(ValueError, match=message):
        ops.ctc_loss(*(np.asarray(given[n]) for n in ("labels", "x", "lengths", "frames")), given["blank"])

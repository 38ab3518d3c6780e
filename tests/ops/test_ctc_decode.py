"""CTC decoding against Keras (labels, scores, their order) and against enumeration of all paths."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlet import _core, ops
from support.alignments import sequence_probabilities
from support.guarded import guarded
from support.keras_search import searched


def keras_decode(*args, **kwargs):
    return [np.asarray(v) for v in keras.ops.ctc_decode(*args, **kwargs)]


def logits(seed, shape, dtype="float32"):
    return (np.random.default_rng(seed).normal(size=shape) * 2).astype(dtype)


def filled(sequences, steps):
    return np.array([[*s, *[-1] * (steps - len(s))] for s in sequences], "int32").reshape(-1, steps)


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("blank", [0, 2, None])
def test_greedy_against_keras(isa, blank, merge):
    for shape in [(1, 1, 3), (3, 9, 3), (2, 40, 5), (5, 3, 20)]:
        x = logits(1, shape)
        frames = np.random.default_rng(2).integers(0, shape[1] + 1, shape[0])
        options = {"merge_repeated": merge, "mask_index": blank}
        for scores in (x, np.round(x)):  # rounding makes ties: the first class wins
            want = keras_decode(scores, frames, **options)
            got = ops.ctc_decode(scores, frames, **options)
            np.testing.assert_array_equal(got[0], want[0])
            np.testing.assert_allclose(got[1], want[1], rtol=1e-6, atol=1e-6)
            assert [v.dtype for v in got] == [np.int32, np.float32]  # Keras with JAX's 64-bit types: int64
            assert [v.shape for v in got] == [v.shape for v in want]


@settings(max_examples=80, deadline=None)
@given(
    steps=st.integers(1, 5),
    classes=st.integers(2, 4),
    width=st.integers(1, 12),
    paths=st.integers(1, 5),
    blank=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_beam_search_against_keras(steps, classes, width, paths, blank, seed):
    """Random logits have no ties. If there are fewer sequences than paths, the other rows are -1 with score -inf."""
    blank %= classes
    x = logits(seed, (2, steps, classes))
    options = {"beam_width": width, "top_paths": min(paths, width), "mask_index": blank}
    frames = np.array([steps, max(1, steps - 1)])
    want, scores = searched(x, frames, **options)
    got, ours = ops.ctc_decode(x, frames, "beam_search", **options)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    assert ours.shape == scores.shape
    exists = np.isfinite(scores)
    np.testing.assert_array_equal(np.isfinite(ours), exists)
    np.testing.assert_array_equal(got[exists.T], want[exists.T])
    np.testing.assert_allclose(ours[exists], scores[exists], rtol=1e-5, atol=1e-5)
    assert (got[~exists.T] == -1).all()
    assert (ours[~exists] == -np.inf).all()


def test_beam_search_against_keras_on_jax():
    x, frames = logits(3, (2, 9, 5)), np.array([9, 4])
    options = {"strategy": "beam_search", "beam_width": 6, "top_paths": 3, "mask_index": None}
    for ours, theirs in zip(ops.ctc_decode(x, frames, **options), keras_decode(x, frames, **options), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("shape", [(2, 12, 6), (1, 30, 4), (3, 25, 9)], ids=str)
def test_narrow_beams_against_keras(isa, shape):
    """If the beam is too narrow for the best sequence, the result depends on what is dropped: the same as in Keras."""
    for width in (1, 2, 3, 7, 20):
        x = logits(width, shape)
        frames = np.full(shape[0], shape[1])
        options = {"beam_width": width, "top_paths": min(width, 3)}
        want, scores = searched(x, frames, **options)
        got, ours = ops.ctc_decode(x, frames, "beam_search", **options)
        np.testing.assert_array_equal(got, want)
        np.testing.assert_allclose(ours, scores, rtol=1e-5)


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize(("steps", "classes"), [(1, 3), (2, 2), (4, 3), (5, 4), (7, 3), (3, 1)])
def test_wide_beams_against_every_path(isa, steps, classes, blank):
    """A beam wide enough for all sequences returns each with its exact probability, the most probable first."""
    blank %= classes
    x = logits(steps, (steps, classes), "float64")
    of_sequences = sequence_probabilities(x, blank)
    best = sorted(of_sequences, key=of_sequences.get, reverse=True)
    for paths in (1, len(best), len(best) + 2):
        got, scores = ops.ctc_decode(x[None], np.array([steps]), "beam_search", 10**9, paths, mask_index=blank)
        found = best[:paths]
        np.testing.assert_array_equal(got[: len(found), 0], filled(found, steps))
        np.testing.assert_allclose(scores[0, : len(found)], np.log([of_sequences[s] for s in found]), atol=1e-12)
        assert (got[len(found) :] == -1).all()
        assert (scores[0, len(found) :] == -np.inf).all()


def test_scores_are_those_of_the_loss(isa):
    """If the beam loses no path, a sequence's score is the negated CTC loss of that sequence as the label."""
    x = logits(4, (3, 6, 4), "float64")
    frames = np.array([6, 5, 4])
    got, scores = ops.ctc_decode(x, frames, "beam_search", 5000, 4)
    for path, score in zip(got, scores.T, strict=True):
        loss = ops.ctc_loss(np.maximum(path, 0), x, (path >= 0).sum(1), frames)
        np.testing.assert_allclose(score, -loss, rtol=1e-12)


def test_lengths_of_zero_and_one(isa):
    x = logits(5, (3, 4, 3))
    frames = np.array([0, 1, 4])
    for strategy in ("greedy", "beam_search"):
        got, scores = ops.ctc_decode(x, frames, strategy)
        assert (got[0, 0] == -1).all()
        assert scores[0, 0] == 0
        assert (got[0, 1, 1:] == -1).all()
        for empty in ((0, 4, 3), (2, 0, 3)):
            got, scores = ops.ctc_decode(np.zeros(empty), np.zeros(empty[0], "int32"), strategy, top_paths=1)
            assert got.shape == (1, *empty[:2])
            np.testing.assert_array_equal(scores, np.zeros((empty[0], 1)))
    got, scores = ops.ctc_decode(np.zeros((1, 0, 3)), np.array([0]), "beam_search", top_paths=2)
    np.testing.assert_array_equal(scores, [[0, -np.inf]])


def test_values_that_are_no_numbers(isa):
    x = logits(6, (2, 5, 4))
    x[0, 2, 1] = np.nan
    alone = ops.ctc_decode(x[1:], np.array([5]), "beam_search", 8, 2)
    got = ops.ctc_decode(x, np.array([5, 5]), "beam_search", 8, 2)
    assert np.isnan(got[1][0]).all()
    np.testing.assert_array_equal(got[0][:, 1:], alone[0])
    np.testing.assert_array_equal(got[1][1:], alone[1])
    x[0] = -np.inf
    assert np.isnan(ops.ctc_decode(x, np.array([5, 5]), "beam_search")[1][0]).all()
    x[0], x[0, :, 2] = -np.inf, 0.0  # one class has probability 1
    got = ops.ctc_decode(x, np.array([5, 5]), "beam_search", top_paths=2)
    np.testing.assert_array_equal(got[0][:, 0], [[2, -1, -1, -1, -1], [-1] * 5])
    np.testing.assert_array_equal(got[1][0], [0, -np.inf])


def test_a_prefix_that_left_the_beam_and_comes_back(isa):
    """A sequence may be reached again after its prefix was dropped from the beam; the results have no duplicates."""
    for seed in range(40):
        x = logits(seed, (1, 25, 3), "float64")
        got, scores = ops.ctc_decode(x, np.array([25]), "beam_search", 3, 3)
        assert len({tuple(p) for p in got[:, 0]}) == 3
        assert (np.diff(scores[0]) <= 0).all()


@pytest.mark.parametrize("side", ["begin", "end"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_byte_outside_is_touched(isa, dtype, side):
    for shape, width in [((1, 1, 1), 1), ((2, 3, 2), 4), ((2, 17, 9), 3), ((3, 5, 33), 50)]:
        x, frames = logits(7, shape, dtype), np.array([shape[1], *[1] * (shape[0] - 1)], "int32")
        inside = guarded(x, side), guarded(frames, side)
        for call in (_core.ctc_greedy, lambda v, n, w=width: _core.ctc_beam_search(v, n, w, 2)):
            for got, want in zip(call(*inside), call(x, frames), strict=True):
                np.testing.assert_array_equal(got, want)
    with _core.Tape(record=True) as tape:
        x, frames = tape.input((2, 4, 3), dtype, "x"), tape.input((2,), "int32", "frames")
        plan = tape.compile([*_core.ctc_greedy(x, frames), *_core.ctc_beam_search(x, frames, 5, 2)])
    for lengths in ([4, 2], [-1, 5], [2**31 - 1, -(2**31)]):
        given = logits(8, (2, 4, 3), dtype)
        got = plan.run([guarded(given, side), guarded(np.array(lengths, "int32"), side)])[0]
        cut = np.clip(lengths, 0, 4)
        want = [*_core.ctc_greedy(given, cut), *_core.ctc_beam_search(given, cut, 5, 2)]
        for a, b in zip(got, want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_threads_do_not_change_bits(threads):
    x, frames = logits(9, (9, 30, 12)), np.arange(9) * 3
    got = [*ops.ctc_decode(x, frames), *ops.ctc_decode(x, frames, "beam_search", 7, 3)]
    _core.set_num_threads(1)
    for a, b in zip(got, [*ops.ctc_decode(x, frames), *ops.ctc_decode(x, frames, "beam_search", 7, 3)], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strategy": "beam"}, r"expected strategy 'greedy' or 'beam_search', received 'beam'"),
        ({"sequence_lengths": [5]}, r"sequence_lengths in \[0, 4\], received 5 for sample 0"),
        ({"sequence_lengths": [-1], "strategy": "beam_search"}, r"sequence_lengths .* received -1 for sample 0"),
        ({"sequence_lengths": [4, 4]}, r"expected sequence_lengths of shape \(1,\), received \(2,\)"),
        ({"inputs": np.zeros((4, 3))}, r"expected logits of shape \(batch, steps, classes\), received \(4, 3\)"),
        ({"mask_index": 3}, r"mask_index in \[0, 3\).*received 3"),
        (
            {"strategy": "beam_search", "beam_width": 0},
            r"expected beam_width and top_paths of at least 1, received 0 and 1",
        ),
        ({"strategy": "beam_search", "top_paths": 0}, r"received 100 and 0"),
        (
            {"inputs": np.zeros((1, 100, 9)), "strategy": "beam_search", "beam_width": 2**40},
            r"below 2\^31, received a beam of 1099511627776 over 100 steps",
        ),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        ops.ctc_decode(**({"inputs": np.zeros((1, 4, 3)), "sequence_lengths": [4]} | arguments))

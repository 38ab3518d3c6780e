"""Padding modes and the number of window positions: against the lecture notes' formula and Keras's rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.backend.common import backend_utils

from netlet.ops.spatial.windows import Window, per_axis, standardize_padding

SMALL = st.integers(1, 9)


def window(k, s=1, d=1, padding="valid"):
    return Window((k,), (s,), (d,), padding)


@given(n=st.integers(1, 40), k=SMALL, p=st.integers(0, 5), s=SMALL)
def test_places_are_the_formula_of_the_lecture_notes(n, k, p, s):
    """The number of positions is floor((n - k + 2p) / s) + 1."""
    places = window(k, s).places((n + 2 * p,))[0]
    assert places == (n - k + 2 * p) // s + 1
    assert max(places, 0) == len(range(0, n + 2 * p - k + 1, s))


def test_the_lecture_notes_examples():
    assert Window((3, 3), (1, 1), (1, 1), "valid").places((6, 6)) == (4, 4)
    assert np.pad(np.ones((5, 4)), 1).shape == (7, 6)


@given(n=st.integers(1, 40), k=SMALL, s=SMALL, d=st.integers(1, 4), padding=st.sampled_from(["same", "causal"]))
def test_same_and_causal_have_a_place_for_every_stride(n, k, s, d, padding):
    w = window(k, s, d, padding)
    [(low, high)], span = w.pads((n,)), d * (k - 1) + 1
    assert w.places((n,)) == (-(-n // s),)
    assert min(low, high) >= 0
    if padding == "causal":
        assert (low, high) == (span - 1, 0)
    else:
        assert high - low in (0, 1)  # as in TensorFlow, odd padding has the extra element at the end
        needed = max((-(-n // s) - 1) * s + span - n, 0)
        assert low + high == needed


@given(
    n=st.integers(1, 12),
    k=SMALL,
    s=SMALL,
    d=st.integers(1, 4),
    padding=st.sampled_from(["valid", "same"]),
    data=st.data(),
)
def test_the_transpose_has_keras_extents_and_leads_back(n, k, s, d, padding, data):
    more = data.draw(st.none() | st.integers(0, s - 1))
    w, extra, span = window(k, s, d, padding), None if more is None else (more,), d * (k - 1) + 1
    [extent], [(low, high)] = w.transposed((n,), extra)
    assert w.extents((n,), extra) == (extent,)
    assert extent == backend_utils._get_output_shape_given_tf_padding(n, k, s, padding, more, d)
    left, _ = backend_utils._convert_conv_transpose_padding_args_from_keras_to_jax(k, s, d, padding, more)
    assert low == span - 1 - left
    assert (extent + low + high - span) // s + 1 == n


def test_unknown_extents_stay_unknown():
    w = Window((3, 3), (2, 2), (1, 1), "valid")
    assert w.places((None, 7)) == (None, 3)
    assert w.extents((None, 3)) == (None, 7)


def test_arguments():
    assert per_axis(np.int64(2), 3, "x") == (2, 2, 2)
    assert per_axis([1, 2], 2, "x") == (1, 2)
    for bad in (0, (1, 2, 3), 1.5, "ab", None, (1, -1), True, (1, True)):
        with pytest.raises(ValueError, match=r"^x: expected a positive integer, or a tuple of 2 of them, received"):
            per_axis(bad, 2, "x")
    assert per_axis(0, 1, "x", least=0) == (0,)
    assert standardize_padding("SAME", "x") == "same"
    for bad in ("causal", "full", None, 1, (1, 1)):
        with pytest.raises(ValueError, match="x: expected `padding` 'valid' or 'same', received"):
            standardize_padding(bad, "x")

"""netlet.tree against keras.tree: every function on random structures, and on what it refuses."""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict, deque, namedtuple

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netlet
from netlet import tree

Point = namedtuple("Point", ["x", "y"])
OtherPoint = namedtuple("OtherPoint", ["x", "y"])
KEYS = st.sampled_from(["b", "a", "d", "c"])


def containers(inner):
    dicts = st.dictionaries(KEYS, inner, max_size=3)
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.tuples(inner, inner).map(lambda p: Point(*p)),
        dicts,
        dicts.map(lambda d: OrderedDict(reversed(list(d.items())))),
        dicts.map(lambda d: defaultdict(list, d)),
        st.lists(inner, max_size=3).map(lambda v: deque(v, 5)),
    )


STRUCTURES = st.recursive(st.one_of(st.none(), st.integers(1, 9)), containers, max_leaves=8)


def same(a, b):
    """Whether two structures are equal in values, types and the order of their keys."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        a, b = list(a.values()), list(b.values())
    if tree.is_nested(a):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert a == b


def outcome(function, *args):
    """The result, or whether it is an error."""
    try:
        return "ok", function(*args)
    except ValueError:
        return "error", None


@given(STRUCTURES)
@settings(max_examples=60, deadline=None)
def test_one_structure(s):
    theirs = keras.tree
    assert tree.is_nested(s) == theirs.is_nested(s)
    same(tree.flatten(s), theirs.flatten(s))
    same(tree.flatten_with_path(s), theirs.flatten_with_path(s))
    same(tree.map_structure(str, s), theirs.map_structure(str, s))
    same(tree.map_structure(str, s, none_is_leaf=False), theirs.map_structure(str, s, none_is_leaf=False))
    same(tree.lists_to_tuples(s), theirs.lists_to_tuples(s))
    count = len(tree.flatten(s))
    same(tree.pack_sequence_as(s, range(count)), theirs.pack_sequence_as(s, range(count)))
    for top_down in (True, False):
        for change in (lambda part: None, lambda part: "few" if isinstance(part, tuple) and len(part) < 2 else None):
            visits = [], []

            def visit(seen, part, change=change):
                seen.append(part)
                return change(part)

            results = [
                module.traverse(functools.partial(visit, seen), s, top_down)
                for module, seen in zip((tree, theirs), visits, strict=True)
            ]
            same(*results)
            same(*visits)


@given(STRUCTURES, STRUCTURES)
@settings(max_examples=60, deadline=None)
def test_two_structures(a, b):
    theirs = keras.tree
    for other in (b, tree.map_structure(lambda leaf: 7, a), tree.lists_to_tuples(a), [a]):
        for name in ("assert_same_structure", "assert_same_paths"):
            assert outcome(getattr(tree, name), a, other) == outcome(getattr(theirs, name), a, other)

        def pair(x, y):
            return (x, y)

        ours, expected = outcome(tree.map_structure, pair, a, other), outcome(theirs.map_structure, pair, a, other)
        assert ours[0] == expected[0]
        same(ours[1], expected[1])
        if None not in tree.flatten(a):  # as places of leaves Keras refuses None, in spite of its documentation
            ours = outcome(tree.map_structure_up_to, a, str, other)
            expected = outcome(theirs.map_structure_up_to, a, str, other)
            assert ours == expected


SHAPES = [(None, 3), [1, 2], {"b": (1,), "a": [(2, None), [3]]}, ((1, 2), None), (), 4]


@pytest.mark.parametrize("s", SHAPES, ids=str)
def test_shapes(s):
    same(tree.map_shape_structure(str, s), keras.tree.map_shape_structure(str, s))


def test_none_for_a_part():
    assert tree.traverse(lambda p: tree.MAP_TO_NONE if p == 2 else None, [1, (2, 3)]) == [1, (None, 3)]


def test_arrays_and_tensors_are_leaves():
    leaves = [np.ones(2), netlet.ops.ones((2,)), "text"]
    assert all(a is b for a, b in zip(tree.flatten({"a": leaves}), leaves, strict=True))


REFUSED = {
    "no structure": (lambda: tree.map_structure(str), ValueError, "at least one structure"),
    "no structure up to": (lambda: tree.map_structure_up_to([1], str), ValueError, "at least one structure"),
    "no function": (lambda: tree.map_structure("bad", [1]), TypeError, "callable func, received 'bad'"),
    "nothing to call": (lambda: tree.traverse("bad", [1]), TypeError, "callable func, received 'bad'"),
    "types": (lambda: tree.assert_same_structure([1], (1,)), ValueError, r"of list \[1\], received tuple \(1,\)"),
    "classes": (lambda: tree.assert_same_structure(Point(1, 2), OtherPoint(1, 2)), ValueError, "same nested structure"),
    "paths": (lambda: tree.assert_same_paths({"a": 1}, {"b": 1}), ValueError, r"(?s)missing in `b`.*'a'.*in `a`.*'b'"),
    "too few": (lambda: tree.pack_sequence_as([1, [2]], [1]), ValueError, r"expected 2 leaves for .*, received 1"),
    "too many": (lambda: tree.pack_sequence_as(1, [1, 2]), ValueError, "expected 1 leaves for 1, received 2"),
    "no sequence": (lambda: tree.pack_sequence_as([1], 1), TypeError, "iterable"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        call()


def test_check_types_is_deprecated():
    with pytest.warns(DeprecationWarning, match="assert_same_paths"):
        tree.assert_same_structure([1], [2], check_types=True)


def test_the_names_are_kerass():
    assert set(tree.__all__) == {name for name in dir(keras.tree) if not name.startswith("_")}

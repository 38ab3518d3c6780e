"""einsum against NumPy in float64, on given and generated subscripts; gradients against difference quotients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netlet
from netlet import ops
from support.differences import check_gradients

EXTENT = {"a": 2, "b": 3, "c": 4, "d": 5, "e": 1, "f": 2}


def operands(subscripts, seed=0):
    rng = np.random.default_rng(seed)
    terms = subscripts.split("->")[0].split(",")
    return [rng.normal(size=[EXTENT[c] for c in term]) for term in terms]


WRITTEN = ["a->a", "ab->ba", "ab->", "ab->b", "ab", "ba", "aa->a", "aa", "abb->a", "ab,bc->ac", "ab,bc", "ab,cb->ac"]
WRITTEN += ["a,a->", "a,b->ab", "ab,ab->ab", "ab,ab->a", "ab,ab->", "dab,dbc->dac", "abd,cbd->dac", "abc,cd->abd"]
WRITTEN += [
    "abcd,abed->abce",
    "abc,cde->abde",
    "abc,abc->c",
    "ab,bc,cd->ad",
    "ab,b,a->",
    "abc,dc,d->ab",
    "ac,bd->",
    "e,ef->f",
]


@pytest.mark.parametrize("subscripts", WRITTEN)
def test_against_numpy(subscripts):
    xs = operands(subscripts)
    expected = np.einsum(subscripts, *xs)
    np.testing.assert_allclose(ops.einsum(subscripts, *xs), expected, rtol=1e-12, atol=1e-12)
    tensors = [ops.convert_to_tensor(x) for x in xs]
    np.testing.assert_allclose(ops.einsum(subscripts, *tensors).numpy(), expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_generated(data):
    terms = data.draw(st.lists(st.text("abcdef", max_size=4), min_size=1, max_size=3))
    used = sorted(set("".join(terms)))
    result = "".join(data.draw(st.permutations(used)))[: data.draw(st.integers(0, len(used)))]
    subscripts = ",".join(terms) + "->" + result
    xs = operands(subscripts)
    np.testing.assert_allclose(ops.einsum(subscripts, *xs), np.einsum(subscripts, *xs), rtol=1e-11, atol=1e-11)


def test_ellipsis():
    rng = np.random.default_rng(1)
    for subscripts, shapes in [
        ("...ab,...bc->...ac", [(2, 7, 3, 4), (7, 4, 5)]),
        ("...ab,bc->...ac", [(2, 7, 3, 4), (4, 5)]),
        ("ab...,b->a...", [(3, 4, 2, 5), (4,)]),
        ("...a,...a", [(3, 4), (3, 4)]),
        ("a...->...", [(3, 4, 5)]),
        ("...a,...a->...", [(3, 1, 4), (1, 2, 4)]),
    ]:
        xs = [rng.normal(size=s) for s in shapes]
        np.testing.assert_allclose(ops.einsum(subscripts, *xs), np.einsum(subscripts, *xs), rtol=1e-12, atol=1e-12)


def test_integers_are_exact_and_symbols_work():
    a, b = np.arange(6, dtype="int32").reshape(2, 3), np.arange(12, dtype="int32").reshape(3, 4)
    np.testing.assert_array_equal(ops.einsum("ab,bc->ac", a, b), a @ b)
    x = netlet.Input((3, 4))
    y = ops.einsum("nab,cb->nac", x, np.eye(4, dtype="float32"))
    assert y.shape == (None, 3, 4)


def test_gradients():
    for subscripts in ("ab,bc->ac", "abc,cd->abd", "ab,ab->a", "aa->a", "ab,bc,cd->ad"):
        check_gradients(lambda *xs, s=subscripts: ops.einsum(s, *xs), operands(subscripts))


@pytest.mark.parametrize("subscripts", ["ab,bc->ad", "ab,bc->aa", "ab->ab", "abc,bc->a", "ab,dc->a1", "ab,ca->b"])
def test_refusals(subscripts):
    with pytest.raises(ValueError, match=r"ops\.einsum"):
        ops.einsum(subscripts, np.zeros((2, 3)), np.zeros((3, 4)))


def test_order_of_many_operands():
    """The result does not depend on the order of the products, and a bad order is not taken."""
    subscripts = "ab,bc,cd,de,ea,af,fb->cf"
    xs = operands(subscripts)
    expected = np.einsum(subscripts, *xs)
    for optimize in (True, False):
        np.testing.assert_allclose(ops.einsum(subscripts, *xs, optimize=optimize), expected, rtol=1e-11, atol=1e-11)
    n = 400  # from left to right this needs an intermediate of n**3 elements
    v = np.ones(n, "float32")
    assert ops.einsum("i,j,k,i,j,k->", v, v, v, v, v, v).item() == n**3
    with pytest.raises(TypeError, match="no argument 'order'"):
        ops.einsum("i->i", v, order=1)


def test_products_of_8_bit_integers_are_those_of_32_bits():
    a = np.full((3, 4), 100, "int8")
    for subscripts in ("ij,kj->ik", "ij,ij->ij", "ij,ij->i"):
        got = ops.einsum(subscripts, a, a)
        assert got.dtype == "int32"
        np.testing.assert_array_equal(got, np.einsum(subscripts, a.astype("int32"), a.astype("int32")))

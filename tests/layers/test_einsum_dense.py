"""EinsumDense against Keras, and its errors."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet.layers.attention.multi_head_attention import attention_equations
from netlet.layers.core.einsum_equation import EinsumEquation
from support.layer_pair import alike, both

RNG = np.random.default_rng(0)
EINSUM = [
    ("ab,bc->ac", 4, "c", (3, 5)),
    ("abc,cd->abd", (None, 4), "d", (2, 3, 5)),
    ("...x,xy->...y", 4, "y", (2, 3, 4, 5)),
    ("abc,cde->abde", (None, 2, 3), "de", (2, 3, 5)),
    ("abc,cde->abde", (None, 2, 3), "e", (2, 3, 5)),
    ("abcd,cde->abe", (None, 4), "e", (2, 3, 2, 5)),
    ("abc,bd->adc", (4, None), "d", (2, 3, 5)),
    ("ab...,bc->ac...", 4, "c", (2, 5, 3)),
    ("abc,bcd->abd", (3, 4), None, (2, 3, 5)),
]


@pytest.mark.parametrize("activation", [None, "relu", "gelu"])
@pytest.mark.parametrize(("equation", "output_shape", "bias_axes", "shape"), EINSUM, ids=str)
def test_einsum_dense(equation, output_shape, bias_axes, shape, activation):
    arguments = {"equation": equation, "output_shape": output_shape, "bias_axes": bias_axes, "activation": activation}
    if equation == "abc,bd->adc":
        arguments["output_shape"] = (4, 5)
    ours, theirs = both("EinsumDense", {**arguments, "bias_initializer": "ones"})
    alike(ours, theirs, (RNG.standard_normal(shape),), {}, rtol=1e-12, atol=1e-13)
    # Keras leaves some dimensions unknown here although the input determines them.
    assert ours(netlet.Input(shape[1:])).shape == (None, *ours(np.zeros(shape)).shape[1:])


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "shape", "message"),
    [
        ("ab->a", 4, None, (3, 5), "Invalid einsum equation"),
        ("ab,bc->ac", 4, "z", (3, 5), "Bias dimension 'z'"),
        ("ab,bc->az", 4, None, (3, 5), "'z'"),
        ("abc,cd->abd", 4, None, (3, 5), "one axis for each label"),
        ("abc,cd->abd", 4, None, (3, 2, 5), "expected `output_shape` with 2 entries"),
        ("abc,cd->abd", (7, 4), None, (3, 2, 5), "shared dimension 'b'"),
        ("abc,cd->abd", (None, None), None, (3, 2, 5), "the size of dimension 'd' of the kernel is unknown"),
    ],
)
def test_equations_that_do_not_fit_are_named(equation, output_shape, bias_axes, shape, message):
    with pytest.raises(ValueError, match=message):
        netlet.layers.EinsumDense(equation, output_shape, bias_axes=bias_axes)(np.zeros(shape))


def test_which_equations_are_one_product():
    def bound(equation, shape, out):
        return EinsumEquation(equation, None, shape, out).bound

    assert bound("abc,cde->abde", (2, 3, 4), (None, 2, 2)) == 1
    assert bound("abcd,cde->abe", (2, 3, 4, 5), (None, 2)) == 2
    assert bound("abc,bd->adc", (2, 3, 4), (2, 4)) == 0
    assert bound("abc,ced->abde", (2, 3, 4), (None, 2, 2)) == 0
    assert attention_equations(4, (1,)) == ("aecd,abcd->acbe", "acbe,aecd->abcd")

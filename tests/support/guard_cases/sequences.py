"""Cases of recurrent layers, attention, normalization and CTC."""

from __future__ import annotations

import numpy as np

from netlet import _core
from support.bf16 import BF16
from support.guard_cases.table import FLOATS, case, numbers, with_gradients
from support.rnn_arrays import GATES
from support.rnn_arrays import case as rnn_case

LENGTHS = [(1, 2, 3, 5), (3, 2, 1, 17), (9, 3, 2, 33)]  # batch, steps, features, units


def rnn_gradients(kind, arrays):
    return with_gradients(lambda *a: _core.rnn(kind, *a)[0], *(a for a in arrays if a is not None))


@case(*FLOATS)
def recurrent(dtype):
    return [rnn_gradients(kind, rnn_case(kind, *shape, dtype=dtype)) for kind in GATES for shape in LENGTHS]


@case()
def mixed_recurrent():
    found = []
    for kind in GATES:
        for shape in LENGTHS:
            x, *weights = rnn_case(kind, *shape, dtype="float32")[:4]
            found.append(rnn_gradients(kind, [x.astype(BF16), *weights]))
    return found


@case(*FLOATS)
def attention(dtype):
    found = []
    for b, t, s, n, k, h, d in [(1, 1, 1, 1, 1, 1, 1), (2, 3, 5, 4, 2, 3, 7), (1, 65, 67, 2, 1, 17, 9)]:
        q, key, v = (numbers(*shape, dtype=dtype) for shape in ((b, t, n, h), (b, s, k, h), (b, s, k, d)))
        mask, bias = numbers(b, 1, t, s) > 0.3, numbers(b, n, t, s, dtype=dtype)
        found.append(
            with_gradients(lambda q, k, v, m, c: _core.attention(q, k, v, m, c, 0.5, True), q, key, v, mask, bias)
        )
    return found


@case(*FLOATS)
def normalized(dtype):
    found = []
    for shape in [(7, 3), (65, 17), (3, 300), (2, 5, 6), (300, 33)]:
        x, g, b = (numbers(*s, dtype=dtype, seed=i) for i, s in enumerate((shape, shape[-1:], shape[-1:])))
        found.append(with_gradients(lambda x, g, b: _core.batch_norm(x, g, b)[0], x, g, b))
        found.append(with_gradients(_core.layer_norm, x, g, b))
        found.append(with_gradients(lambda x, g, b: _core.given_norm(x, b, g, g, b), x, g, b))
        if len(shape) == 3:
            found.append(with_gradients(lambda x, g, b: _core.group_norm(x, 3, g, b), x, g, b))
        moving = _core.tensor(b)
        _core.moving_average(_core.tensor(g), moving, 0.9)
        found.append(moving)
    return found


@case(*FLOATS)
def ctc(dtype):
    found = []
    for samples, steps, classes, width in [(1, 1, 1, 0), (2, 3, 4, 2), (3, 9, 17, 3), (2, 40, 33, 17)]:
        x = 3 * numbers(samples, steps, classes, dtype=dtype)
        frames = np.full(samples, steps, "int32")
        labels = np.arange(samples * width, dtype="int32").reshape(samples, width) % max(classes - 1, 1) + 1
        lengths = np.full(samples, width, "int32")
        found.append(with_gradients(lambda v, a=(labels, lengths, frames): _core.ctc_loss(a[0], v, *a[1:]), x))
        found += [*_core.ctc_greedy(x, frames), *_core.ctc_beam_search(x, frames, 5, 2)]
    return found

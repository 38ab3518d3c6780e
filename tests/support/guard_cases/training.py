"""Cases of losses, metrics, updates of weights, and what only plans run."""

from __future__ import annotations

import numpy as np

import netlet
from netlet import _core, layers
from netlet.optimizers.base.segment import LEAST_TABLE
from support.guard_cases.table import FLOATS, SIZES, case, numbers, tensors, with_gradients
from support.guarded import guarded
from support.update_calls import cells, elementwise
from support.update_formulas import ELEMENTWISE

POINTWISE = ["squared_error", "huber", "binary_crossentropy", "binary_crossentropy_logits", "kl_divergence", "hinge"]


def losses_of_rows(n, dtype):
    found = []
    x, t, w = numbers(5, n, dtype=dtype), numbers(5, n, dtype=dtype, seed=1), numbers(5, dtype=dtype)
    labels, sparse = np.arange(5, dtype="int32") % n, _core.loss_sparse_categorical_crossentropy
    for last in ((None, "none"), (w, "mean_with_sample_weight")):
        for kind in POINTWISE:
            found.append(with_gradients(lambda v, k=kind, a=last: _core.loss_pointwise(k, t, v, *a), x))
        for logits in (False, True):
            more = (*last, logits)
            found.append(with_gradients(lambda v, a=more: sparse(labels, v, *a, 1), x))
            found.append(with_gradients(lambda v, a=more: _core.loss_categorical_crossentropy(t, v, *a, 0.1), x))
    steps, of_step = numbers(5, 2, n, dtype=dtype), np.repeat(labels[:, None], 2, 1)
    found.append(with_gradients(lambda v: sparse(of_step, v, w, "mean_with_sample_weight", False, 0), steps))
    return [*found, _core.loss_reduce(x, w, x > 0.5, "sum"), _core.hinge_labels(t)]


@case(*FLOATS)
def losses(dtype):
    many, found = numbers(40_001, dtype=dtype), []
    for x in (many, *(numbers(n, dtype=dtype) for n in SIZES)):
        found.append(with_gradients(lambda v: _core.loss_reduce(v, None, None, "sum_over_batch_size"), x))
        flag = _core.tensor(np.zeros(1, "int32"))
        _core.check_finite(x, flag)
        found.append(flag)
    return found, [losses_of_rows(n, dtype) for n in SIZES]


@case(*FLOATS)
def metrics(dtype):
    found = []
    for n in SIZES:
        x, t, w = numbers(6, n, dtype=dtype), numbers(6, n, dtype=dtype, seed=1), numbers(6, dtype=dtype)
        state = _core.tensor(np.zeros(2))
        for kind, target in (("sparse", np.zeros(6, "int8")), ("categorical", t), ("binary", t), ("equal", t)):
            found.append(_core.accuracy(kind, target, x))
            _core.accumulate_accuracy(kind, target, x, w, state)
        _core.accumulate_mean(x, w, state)
        _core.accumulate_mean(numbers(40_001, dtype=dtype), None, state)
        counts = [_core.tensor(np.zeros(n)) for _ in range(4)]
        order = np.arange(n, dtype="int32")
        _core.accumulate_confusion(t.round(), x, None, None, np.linspace(0.2, 0.8, n), order, *counts)
        matrix, outside = _core.tensor(np.zeros((n, n))), _core.tensor(np.zeros(2))
        labels = np.arange(40_001, dtype="int32") % (n + 1)
        _core.accumulate_confusion_matrix(labels, labels[::-1].copy(), None, matrix, outside)
        found += [state, *counts, matrix, outside]
    return found


@case(*FLOATS)
def updates(dtype):
    found = []
    for n in (1, 17, 33):
        for name, row in ELEMENTWISE.items():
            p, g, *slots = tensors(n, dtype=dtype, count=2 + row.slots)
            elementwise(name, p, g, slots, 0.05, 5)
            found += [p, *slots]
        for shape in ((n,), (n, 3), (3, n)):
            p, g, m, v, h = tensors(*shape, dtype=dtype, count=5)
            _core.sgd_update(p, g, m, *cells(0.05, 5), 0.9)
            _core.adam_update(p, g, m, v, h, *cells(0.05, 5))
            _core.rmsprop_update(p, g, v, m, None, *cells(0.05, 5), 0.9, 0.9)
            _core.lamb_update(p, g, m, v, *cells(0.05, 5))
            factors = tensors(shape[0], dtype=dtype) + tensors(shape[-1], dtype=dtype) if len(shape) > 1 else [None] * 2
            _core.adafactor_update(p, g, v, *factors, *cells(0.05, 5))
            if len(shape) == 2:
                _core.muon_update(p, g, m, *cells(0.05, 5))
            found += [p, m, v, h, *factors]
    p, g, m, v = tensors(20_011, dtype=dtype, count=4)  # more than a work unit
    _core.lamb_update(p, g, m, v, *cells(0.05, 5))
    return [*found, p, m, v]


@case(*FLOATS)
def gradients(dtype):
    found = []
    for n in SIZES:
        p, g, total, y = tensors(n, dtype=dtype, count=4)
        iteration, product = _core.tensor(1, "int64"), _core.tensor(0.7, "float64")
        typed = _core.tensor(0.7, dtype)
        _core.ema_update(p, total, iteration)
        _core.accumulate_gradient(g, total, y, iteration, 2)
        _core.clip_gradient_value(g, y, 0.5)
        for is_global in (False, True):
            _core.clip_gradient_norm([g, p], [g, p], 0.5, is_global)
        _core.divide_gradient(g, g, 2.0)
        _core.nadam_product(product if dtype == "float64" else typed, iteration)
        found += [p, g, total, y, product, typed]
    return found


@case()
def updates_with_8_bit_state():
    found = []
    for n in (1, 33, 255, 257):
        p, g = tensors(n, count=2)
        parts = [_core.tensor(a) for _ in range(2) for a in (np.zeros(n, "uint8"), np.zeros(-(-n // 256), "float32"))]
        for name, count in (("sgd", 2), ("adam", 4), ("lion", 2)):
            getattr(_core, f"{name}_8bit_update")(p, g, *parts[:count], *cells(0.01, 3))
        found += [p, *parts]
    return found


@case(*FLOATS)
def fed_batches(dtype):
    """The rows that a plan gathers from the caller's arrays, which border on inaccessible pages too."""
    x = np.arange(33 * 7, dtype=dtype).reshape(33, 7)
    with _core.Tape(record=True) as tape:
        plan = tape.compile([_core.identity(tape.feed((3, 7), dtype, dtype, "x"))])
    rows = np.array([32, 0, 17, 5, 32, 1])
    results = []
    for border in ("begin", "end"):
        out = np.zeros((6, 7), dtype)
        plan.run_batches([guarded(x, border)], rows, 0, 2, outputs=[out])
        results.append(out)
    return results


@case(*FLOATS)
def trained_tables(dtype):
    """Steps that write few rows of a table's gradient."""
    table = layers.Embedding(LEAST_TABLE // 33 + 1, 33, embeddings_initializer="ones", dtype=dtype)
    dense = layers.Dense(5, "softmax", kernel_initializer="ones", dtype=dtype)
    model = netlet.Sequential([netlet.Input((3,), dtype="int32"), table, layers.Flatten(), dense])
    model.compile("adam", "sparse_categorical_crossentropy")
    ids = np.arange(21, dtype="int32").reshape(7, 3) * 97
    model.fit(ids, np.arange(7) % 5, batch_size=4, epochs=1, shuffle=False, verbose=0)
    return model.get_weights()

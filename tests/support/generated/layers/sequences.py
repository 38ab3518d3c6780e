"""Recurrent layers, their cells and wrappers, attention, position embeddings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.generated.arrays import SEEDS, bits, ints, normal, optional, shapes
from support.generated.layers.basic import SMOOTH
from support.generated.layers.case import Case, Nested

YES_NO = [True, False]
RECURRENT = {
    "activation": ["sigmoid", "softsign", "relu"],
    "use_bias": [False],
    "recurrent_initializer": ["glorot_uniform"],
}
GATES = {"recurrent_activation": ["hard_sigmoid", "tanh"]}
RUNS = {"return_sequences": YES_NO, "go_backwards": YES_NO, "unroll": [True]}
CELLS: dict[str, dict[str, Any]] = {
    "SimpleRNN": RECURRENT,
    "LSTM": {**RECURRENT, **GATES, "unit_forget_bias": [False]},
    "GRU": {**RECURRENT, **GATES, "reset_after": [False]},
}
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}


@st.composite
def recurrent(draw: Any, name: str) -> Case:
    rows, steps, size = draw(ints(1, 3)), draw(ints(1, 5)), draw(ints(1, 4))
    units = draw(ints(1, 4))
    arguments = {"units": units, **draw(optional(CELLS[name])), **draw(optional({**RUNS, "return_state": YES_NO}))}
    call: dict[str, Any] = {"training": draw(st.booleans())}
    if draw(st.booleans()):
        call["mask"] = bits(draw(SEEDS), (rows, steps), first=True)
    if draw(st.booleans()):
        states = [normal(draw(SEEDS), (rows, units)) for _ in range(STATES[name])]
        call["initial_state"] = states if len(states) > 1 else states[0]
    return Case(arguments, [normal(draw(SEEDS), (rows, steps, size))], call)


@st.composite
def dropping(draw: Any, name: str) -> Case:
    """Dropout of inputs and states, drawn from a seed."""
    case = draw(recurrent(name))
    rates = {"dropout": 0.3, "recurrent_dropout": 0.3, "seed": draw(ints(0, 99))}
    return case._replace(arguments=case.arguments | rates, call=case.call | {"training": True})


def cells(draw: Any, rows: int) -> tuple[Nested, list[Any]]:
    """A cell, and states for a batch of so many rows."""
    name = draw(st.sampled_from(sorted(CELLS)))
    units = draw(ints(1, 3))
    states = [normal(draw(SEEDS), (rows, units)) for _ in range(STATES[name])]
    return Nested(f"{name}Cell", {"units": units, **draw(optional(CELLS[name]))}), states


@st.composite
def cell(draw: Any, name: str) -> Case:
    rows, units = draw(ints(1, 3)), draw(ints(1, 4))
    states = [normal(draw(SEEDS), (rows, units)) for _ in range(STATES[name])]
    x = normal(draw(SEEDS), (rows, draw(ints(1, 4))))
    return Case({"units": units, **draw(optional(CELLS[name]))}, [x], {"states": states})


@st.composite
def stacked_cells(draw: Any) -> Case:
    rows = draw(ints(1, 3))
    pairs = [cells(draw, rows) for _ in range(draw(ints(1, 3)))]
    # One state of a cell is an array, several are a list.
    states = [s if len(s) > 1 else s[0] for _, s in pairs]
    return Case({"cells": [c for c, _ in pairs]}, [normal(draw(SEEDS), (rows, draw(ints(1, 4))))], {"states": states})


@st.composite
def rnn(draw: Any) -> Case:
    rows, steps = draw(ints(1, 3)), draw(ints(1, 4))
    cell = [cells(draw, rows)[0] for _ in range(draw(ints(1, 2)))]
    call = {"mask": bits(draw(SEEDS), (rows, steps), first=True)} if draw(st.booleans()) else {}
    arguments = {"cell": cell if len(cell) > 1 else cell[0], **draw(optional({**RUNS, "return_state": YES_NO}))}
    return Case(arguments, [normal(draw(SEEDS), (rows, steps, draw(ints(1, 3))))], call)


@st.composite
def bidirectional(draw: Any) -> Case:
    name = draw(st.sampled_from(sorted(CELLS)))
    case = draw(recurrent(name))
    inner = {k: v for k, v in case.arguments.items() if k not in ("return_state", "go_backwards")}
    more = draw(optional({"merge_mode": ["sum", "mul", "ave", "concat", None]}))
    call = {k: v for k, v in case.call.items() if k != "initial_state"}
    return Case({"layer": Nested(name, inner), **more}, case.inputs, call)


@st.composite
def time_distributed(draw: Any) -> Case:
    if draw(st.booleans()):
        inner = Nested("Dense", {"units": draw(ints(1, 3)), "activation": draw(st.sampled_from(SMOOTH))})
        shape = draw(shapes(3, 4))
    else:
        inner = Nested("Conv1D", {"filters": draw(ints(1, 3)), "kernel_size": 2})
        shape = (draw(ints(1, 2)), draw(ints(1, 3)), 4, 2)
    call = {"mask": bits(draw(SEEDS), shape[:2])} if draw(st.booleans()) else {}
    return Case({"layer": inner}, [normal(draw(SEEDS), shape)], call)


@st.composite
def conv_lstm(draw: Any, rank: int) -> Case:
    first = draw(st.integers(0, 3)) == 3
    sizes, channels = [draw(ints(3, 4)) for _ in range(rank)], draw(ints(1, 2))
    shape = (draw(ints(1, 2)), draw(ints(1, 3)), *((channels, *sizes) if first else (*sizes, channels)))
    arguments = {
        "filters": draw(ints(1, 2)),
        "kernel_size": draw(ints(1, 3)),
        "padding": draw(st.sampled_from(["valid", "same"])),
        **({"data_format": "channels_first"} if first else {}),
        **draw(optional({"activation": SMOOTH, "use_bias": [False], "unit_forget_bias": [False]})),
        **draw(optional({"return_sequences": YES_NO, "go_backwards": YES_NO, "return_state": YES_NO})),
    }
    return Case(arguments, [normal(draw(SEEDS), shape)])


@st.composite
def attention(draw: Any, options: dict[str, Any]) -> Case:
    rows, steps, keys, size = draw(ints(1, 3)), draw(ints(1, 4)), draw(ints(1, 4)), draw(ints(1, 4))
    xs = [normal(draw(SEEDS), (rows, n, size)) for n in (steps, keys, keys)[: draw(ints(2, 3))]]
    call: dict[str, Any] = {}
    if draw(st.booleans()):
        call["use_causal_mask"] = True
    if draw(st.booleans()):
        # A list of one mask for each input.
        masks = [bits(draw(SEEDS), (rows, n), first=True) for n in (steps, keys, keys)[: len(xs)]]
        call["mask"] = masks[:2] + [None] * (len(xs) - 2)
    if draw(st.booleans()):
        call["return_attention_scores"] = True
    return Case(draw(optional(options)), xs, call)


@st.composite
def heads(draw: Any, grouped: bool) -> Case:
    rows, steps, keys = draw(ints(1, 2)), draw(ints(1, 4)), draw(ints(1, 4))
    if grouped:
        groups = draw(ints(1, 2))
        arguments = {
            "head_dim": draw(ints(1, 4)),
            "num_query_heads": groups * draw(ints(1, 2)),
            "num_key_value_heads": groups,
        }
        more = {"use_bias": YES_NO}
    else:
        arguments = {"num_heads": draw(ints(1, 3)), "key_dim": draw(ints(1, 4))}
        more = {"use_bias": YES_NO, "value_dim": ints(1, 4), "output_shape": ints(1, 4)}
    xs = [normal(draw(SEEDS), (rows, n, draw(ints(1, 4)))) for n in (steps, keys, keys)[: draw(ints(2, 3))]]
    call: dict[str, Any] = {}
    if draw(st.booleans()):
        call["use_causal_mask"] = True
    if draw(st.booleans()):
        call["attention_mask"] = bits(draw(SEEDS), (rows, steps, keys), first=True)
    if draw(st.booleans()):
        call["return_attention_scores"] = True
    return Case(arguments | draw(optional(more)), xs, call, spread=True)


@st.composite
def positions(draw: Any, trained: bool) -> Case:
    shape = draw(shapes(3, 3))
    start = draw(ints(0, 2))
    own = {"sequence_length": shape[1] + start} if trained else draw(optional({"max_wavelength": [50.0]}))
    return Case(own, [normal(draw(SEEDS), shape)], {"start_index": start})


SEQUENCES: dict[str, st.SearchStrategy[Case]] = {
    **{name: recurrent(name) for name in CELLS},
    **{f"{name}Cell": cell(name) for name in CELLS},
    "StackedRNNCells": stacked_cells(),
    "RNN": rnn(),
    "Bidirectional": bidirectional(),
    "TimeDistributed": time_distributed(),
    **{f"ConvLSTM{rank}D": conv_lstm(rank) for rank in (1, 2, 3)},
    "Attention": attention({"use_scale": YES_NO, "score_mode": ["concat"]}),
    "AdditiveAttention": attention({"use_scale": YES_NO}),
    "MultiHeadAttention": heads(False),
    "GroupedQueryAttention": heads(True),
    "PositionEmbedding": positions(True),
    "SinePositionEncoding": positions(False),
}

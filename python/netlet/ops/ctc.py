"""Connectionist temporal classification (Graves et al., 2006): labels in order, without times."""

from __future__ import annotations

from typing import Any

from netlet import _core
from netlet.config import floatx, is_float

from .dispatch import concrete, dtype_of, op


def _logits(x: Any) -> Any:
    x = concrete(x)
    return x if is_float(dtype_of(x)) else _core.cast(x, floatx())


@op
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """-log of the probability that softmax(output), read frame by frame, spells the labels: (batch,).

    A path of one class a frame spells what is left of it without repetitions and then without blanks (`mask_index`);
    all paths that spell the labels count. Equal labels in a row need a blank between them.

    Args:
        target: labels (batch, length), integers in [0, classes) that are not `mask_index`; what lies behind
            target_length may be anything.
        output: logits (batch, frames, classes), with a gradient.
        target_length, output_length: how many labels and frames of each sample count, (batch,).
        mask_index: the class that is the blank.

    Returns:
        One loss a sample; infinite, without a gradient, where there are too few frames for the labels and the blanks
        between equal ones. In a recorded step NaN for labels or lengths that are wrong, which cannot be told there.

    Raises:
        ValueError: shapes that do not fit, labels that are none, lengths outside of their axis, more labels than
            frames; the sample is named.

    >>> ctc_loss([[1, 2]], [[[0.0, 0.0, 0.0]] * 3], [2], [3]).round(4).numpy()  # 5 of 27 paths
    array([1.6864], dtype=float32)
    """
    return _core.ctc_loss(target, _logits(output), target_length, output_length, int(mask_index))


@op
def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> tuple[Any, Any]:
    """Label sequences for logits (batch, frames, classes), as Keras returns them: no gradient.

    Args:
        inputs: logits.
        sequence_lengths: how many frames of each sample count, (batch,).
        strategy: "greedy": the most probable class of each frame; "beam_search": the most probable sequences, each
            with all paths that spell it, as far as `beam_width` prefixes show them.
        top_paths: how many sequences the search gives.
        merge_repeated: whether greedy decoding takes a class in a row for one label; the search always does.
        mask_index: the class that is the blank; None: the last.

    Returns:
        (labels, scores): int32 (1 or top_paths, batch, frames), -1 behind the labels; and (batch, 1) minus the sum of
        the largest logits, or for the search (batch, top_paths) log probabilities (-inf where fewer sequences exist).
        A sample without frames has no labels and the log probability 0, where Keras's search looks at its first frame.

    Raises:
        ValueError: an unknown strategy, shapes that do not fit, lengths outside of the axis.

    >>> logits = [[[0.4, 0.0], [0.4, 0.0]]]  # probabilities 0.6 and 0.4
    >>> ctc_decode(logits, [2])[0].numpy()  # each frame is a blank
    array([[[-1, -1]]], dtype=int32)
    >>> ctc_decode(logits, [2], strategy="beam_search")[0].numpy()  # yet a 1 is likelier than none: 0.64
    array([[[ 1, -1]]], dtype=int32)
    """
    x = _logits(inputs)
    blank = int(x.shape[-1]) - 1 if mask_index is None else int(mask_index)
    if strategy == "greedy":
        return _core.ctc_greedy(x, sequence_lengths, bool(merge_repeated), blank)
    if strategy == "beam_search":
        return _core.ctc_beam_search(x, sequence_lengths, int(beam_width), int(top_paths), blank)
    raise ValueError(f"ops.ctc_decode: strategy is 'greedy' or 'beam_search'; given {strategy!r}.")

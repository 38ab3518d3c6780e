"""Connectionist temporal classification (Graves et al., 2006): a sequence of labels without their times."""

from __future__ import annotations

from typing import Any

from netlet import _core

from ..core.dispatch import as_float, op

__all__ = ["ctc_decode", "ctc_loss"]


@op
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Any:
    """-log of the probability that softmax(output), read frame by frame, spells the labels.

    A path has one class for each frame. It spells the labels that remain when repeated classes are merged and then
    blanks (`mask_index`) are removed. The probabilities of all paths that spell the labels are added. Equal
    neighbouring labels need a blank between them.

    Args:
        target: labels (batch, length): integers in [0, classes) other than `mask_index`. Entries after target_length
            are ignored.
        output: logits (batch, frames, classes). Gradients flow.
        target_length: number of labels of each sample, (batch,).
        output_length: number of frames of each sample, (batch,).
        mask_index: the class that is the blank; 0 by default.

    Returns:
        Tensor (batch,): one loss for each sample. It is infinite, without a gradient, where there are too few frames
        for the labels and the blanks between equal ones. A recorded step cannot raise for wrong labels or lengths; it
        gives NaN.

    Raises:
        ValueError: shapes that do not fit, invalid labels, lengths outside of their axis, or more labels than frames;
            the message names the sample.

    >>> ctc_loss([[1, 2]], [[[0.0, 0.0, 0.0]] * 3], [2], [3]).round(4).numpy()  # 5 of 27 paths
    array([1.6864], dtype=float32)
    """
    return _core.ctc_loss(target, as_float(output), target_length, output_length, int(mask_index))


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
    """The most probable label sequences for logits, in Keras's layout. No gradient flows.

    Args:
        inputs: logits (batch, frames, classes).
        sequence_lengths: number of frames of each sample, (batch,).
        strategy: "greedy" (the default): the most probable class of each frame. "beam_search": the most probable
            sequences, where the probability of a sequence adds up all of its paths among the prefixes in the beam.
        beam_width: number of prefixes that the beam search keeps; 100 by default.
        top_paths: number of sequences that the beam search returns; 1 by default.
        merge_repeated: whether greedy decoding merges repeated classes; True by default. The beam search always does.
        mask_index: the class that is the blank; 0 by default; None: the last class.

    Returns:
        (labels, scores). labels: int32 (1 or top_paths, batch, frames), with -1 after the labels. scores: greedy:
        (batch, 1), minus the sum of the largest logits; beam search: (batch, top_paths), log probabilities, -inf where
        there are fewer sequences. A sample without frames has no labels and the log probability 0, where Keras's search
        uses its first frame.

    Raises:
        ValueError: an unknown strategy, shapes that do not fit, or lengths outside of the axis.

    >>> logits = [[[0.4, 0.0], [0.4, 0.0]]]  # probabilities 0.6 and 0.4
    >>> ctc_decode(logits, [2])[0].numpy()  # each frame is a blank
    array([[[-1, -1]]], dtype=int32)
    >>> ctc_decode(logits, [2], strategy="beam_search")[0].numpy()  # but "1" (0.64) is more probable than no label
    array([[[ 1, -1]]], dtype=int32)
    """
    x = as_float(inputs)
    blank = int(x.shape[-1]) - 1 if mask_index is None else int(mask_index)
    if strategy == "greedy":
        return _core.ctc_greedy(x, sequence_lengths, bool(merge_repeated), blank)
    if strategy == "beam_search":
        return _core.ctc_beam_search(x, sequence_lengths, int(beam_width), int(top_paths), blank)
    raise ValueError(f"ops.ctc_decode: expected strategy 'greedy' or 'beam_search', received {strategy!r}.")

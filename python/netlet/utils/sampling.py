"""Sampling the next token of a generated sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlet.random import generator


def sample_from_logits(
    logits: Any, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None, seed: Any = None
) -> np.ndarray:
    """Draws classes with probabilities softmax(logits / temperature), optionally only among the most likely classes.

    Args:
        logits: array or Tensor (classes,) or (..., classes); -inf excludes a class.
        temperature: default 1. A smaller value favours likely classes; 0 selects the largest logit.
        top_k: draw only among the k largest logits (Fan et al., 2018); default None, all.
        top_p: then draw only among the fewest most likely classes whose total probability is at least p (nucleus
            sampling; Holtzman et al., 2020); default None, all.
        seed: an integer for the same classes at each call, a `random.SeedGenerator`, or None (the default) for the
            global sequence.

    Of equal logits, the first is selected first.

    Returns:
        int64 array (...) of classes.

    Raises:
        TypeError: `logits` are not numbers.
        ValueError: NaN or +inf in the logits, a row of -inf only, or an argument outside of its range.

    Example:

    >>> import numpy as np
    >>> sample_from_logits([[0.1, 2.0, 0.3], [5.0, 5.0, 1.0]], temperature=0)
    array([1, 0])
    >>> set(sample_from_logits(np.zeros((100, 4)), top_k=2, seed=1).tolist()) == {0, 1}
    True
    """
    values = _checked(logits, temperature, top_k, top_p)
    if temperature == 0:
        return np.asarray(values.argmax(-1), np.int64)
    with np.errstate(over="ignore"):
        weights = np.exp((values - values.max(-1, keepdims=True)) / temperature)
    if top_k is not None or top_p is not None:
        weights = _likeliest(weights, values, top_k, top_p)
    total = weights.cumsum(-1)
    # `at` is in (0, total], so a class of weight 0 is never drawn.
    at = (1.0 - generator(seed).random(values.shape[:-1])) * total[..., -1]
    return np.asarray((total < at[..., None]).sum(-1), np.int64)


def _checked(logits: Any, temperature: float, top_k: int | None, top_p: float | None) -> np.ndarray:
    values = np.asarray(logits)
    if values.dtype.kind not in "fiub" and values.dtype.name != "bfloat16":
        raise TypeError(f"sample_from_logits: expected `logits` of numbers, received {values.dtype}.")
    values = values.astype(np.float64)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise ValueError(f"sample_from_logits: expected `logits` of shape (..., classes), received {values.shape}.")
    if not (np.isfinite(values) | (values == -np.inf)).all() or (values == -np.inf).all(-1).any():
        raise ValueError(
            "sample_from_logits: expected `logits` finite or -inf, received NaN, +inf or a row of -inf only."
        )
    if not 0 <= temperature < np.inf:
        raise ValueError(f"sample_from_logits: expected a finite `temperature` >= 0, received {temperature!r}.")
    if top_k is not None and (not isinstance(top_k, (int, np.integer)) or top_k < 1):
        raise ValueError(f"sample_from_logits: expected an integer of at least 1 as `top_k`, received {top_k!r}.")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"sample_from_logits: expected `top_p` in (0, 1], received {top_p!r}.")
    return values


def _likeliest(weights: np.ndarray, values: np.ndarray, top_k: int | None, top_p: float | None) -> np.ndarray:
    """Returns the weights, with 0 for classes that `top_k` or `top_p` excludes."""
    order = np.argsort(-values, axis=-1, kind="stable")
    ranked = np.take_along_axis(weights, order, -1)
    if top_k is not None:
        ranked[..., top_k:] = 0
    if top_p is not None and top_p < 1:
        before = ranked.cumsum(-1) - ranked
        ranked[before >= top_p * ranked.sum(-1, keepdims=True)] = 0
    kept = np.zeros_like(weights)
    np.put_along_axis(kept, order, ranked, -1)
    return kept

"""Attention by its definition, in NumPy, with the whole matrix of scores in memory."""

from __future__ import annotations

import numpy as np

FORBIDDEN = -0.7 * np.finfo("float32").max


def probabilities(q, k, mask=None, bias=None, scale=1.0, causal=False, average_dead=True):
    """Probabilities (B, N, T, S) from q (B, T, N, H) and k (B, S, K, H). Complex arrays work too, for complex-step
    derivatives."""
    queries, keys = q.shape[1], k.shape[1]
    x = np.einsum("btnh,bsnh->bnts", q, np.repeat(k, q.shape[2] // max(k.shape[2], 1), 2)) * scale
    x = x if bias is None else x + bias
    allowed = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask, x.shape).copy()
    if causal:
        allowed &= np.tri(queries, keys, dtype=bool)
    x = np.where(allowed, x, FORBIDDEN)
    p = np.exp(x - x.real.max(-1, keepdims=True, initial=FORBIDDEN))
    p = (
        p / np.maximum(p.real.sum(-1, keepdims=True), 1e-300)
        if not np.iscomplexobj(p)
        else p / p.sum(-1, keepdims=True)
    )
    return p if average_dead else np.where(allowed.any(-1, keepdims=True), p, 0)


def attention(q, k, v, mask=None, bias=None, scale=1.0, causal=False, average_dead=True):
    """The output (B, T, N, D) from q (B, T, N, H), k (B, S, K, H) and v (B, S, K, D)."""
    p = probabilities(q, k, mask, bias, scale, causal, average_dead)
    return np.einsum("bnts,bsnd->btnd", p, np.repeat(v, q.shape[2] // max(v.shape[2], 1), 2))

"""SGD, Adam and Lion with 8-bit state in NumPy: the formulas of csrc/ops/optim/*8bit*.h in float32, to the bit."""

from __future__ import annotations

import numpy as np

BLOCK = 256
F = np.float32
TOP = {"m": 127, "v": 255}


def magnitudes(slot):
    """(top + 1,) float32: the value of each code, relative to the scale."""
    top = TOP[slot]
    bits = ((127 << 23) - ((top - np.arange(top + 1)) << 20)).astype(np.int32)
    return np.where(np.arange(top + 1) == 0, F(0), bits.view(F))


def blocks_of(x):
    """(blocks, BLOCK): the elements of x in their order, the last block filled up with zeros."""
    flat = x.reshape(-1)
    padded = np.zeros((-(-flat.size // BLOCK), BLOCK), flat.dtype)
    padded.reshape(-1)[: flat.size] = flat
    return padded


def decode(codes, scale, slot):
    sign = np.where(codes & 128, F(-1), F(1)) if slot == "m" else F(1)
    table = magnitudes(slot)
    with np.errstate(invalid="ignore"):
        values = sign * table[blocks_of(codes & TOP[slot])].reshape(-1)[: codes.size].reshape(codes.shape)
        return (values * np.repeat(scale, BLOCK)[: codes.size].reshape(codes.shape)).astype(F)


def random_words(size, t):
    """(size,) uint32: MurmurHash3's finalizer of the element and the number of the update."""
    seed = np.uint32((t * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 32)
    h = np.arange(size, dtype=np.uint32) * np.uint32(0x9E3779B1) + seed
    h = (h ^ h >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    h = (h ^ h >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return h ^ h >> np.uint32(16)


def encode(x, slot, t):
    """(codes, scale) of a new state."""
    top, table = TOP[slot], magnitudes(slot)
    largest, smallest_normal = np.abs(blocks_of(x)).max(1), np.finfo(F).tiny
    scale = np.where((largest < smallest_normal) & (largest > 0), smallest_normal, largest)
    with np.errstate(divide="ignore"):
        inverse = np.where(scale == 0, F(0), F(1) / scale)
    inverse = np.repeat(inverse, BLOCK)[: x.size].reshape(x.shape)
    word = random_words(x.size, t).reshape(x.shape)
    fraction = ((word & 0xFFFF if slot == "m" else word >> 16) << 4).astype(np.int64) + 8
    with np.errstate(invalid="ignore"):
        u = (np.abs(x) * inverse).astype(F)
        below = (np.where(u < table[1], u, F(0)) * (F(1 << 20) / table[1])).astype(np.int64)
    above = u.view(np.int32).astype(np.int64) - ((127 << 23) - (top << 20))
    code = np.clip(np.where(u < table[1], below, above) + fraction >> 20, 0, top)
    code = code | (x.view(np.int32) < 0) * 128 if slot == "m" else np.where(u > 0, np.maximum(code, 1), code)
    return code.astype(np.uint8), scale.astype(F)


def power(base, n):
    """base^n by squaring, as the kernels compute it."""
    y = 1.0
    while n:
        y, base, n = y * (base if n & 1 else 1.0), base * base, n >> 1
    return y


def decayed(p, weight_decay, rate):
    return p - p * F(weight_decay) * F(rate) if weight_decay else p


def sgd(p, g, state, t, rate, momentum=0.9, nesterov=False, weight_decay=0.0):
    step = g * F(rate)
    kept = decode(*state["m"], "m") * F(momentum)
    m = kept - step
    p = decayed(p, weight_decay, rate) - (step - m * F(momentum) if nesterov else step - kept)
    return p, {"m": encode(m, "m", t)}


def adam(p, g, state, t, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0):
    m, v = decode(*state["m"], "m"), decode(*state["v"], "v")
    m = m + (g - m) * F(1 - beta_1)
    v = v + (g * g - v) * F(1 - beta_2)
    alpha = F(rate * np.sqrt(1 - power(beta_2, t)) / (1 - power(beta_1, t)))
    p = decayed(p, weight_decay, rate) - m * alpha / (np.sqrt(v) + F(epsilon))
    return p, {"m": encode(m, "m", t), "v": encode(v, "v", t)}


def lion(p, g, state, t, rate, beta_1=0.9, beta_2=0.99, weight_decay=0.0):
    m, rest_1, rest_2 = decode(*state["m"], "m"), F(1) - F(beta_1), F(1) - F(beta_2)
    p = decayed(p, weight_decay, rate) - F(rate) * np.sign(m * F(beta_1) + g * rest_1)
    return p, {"m": encode(m * F(beta_2) + g * rest_2, "m", t)}

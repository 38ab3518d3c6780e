"""Hashes of bytes that are equal on every machine and in every run: FarmHash's Fingerprint64, and SipHash with a key.

They equal those of TensorFlow's `strings.to_hash_bucket_fast` and `to_hash_bucket_strong`, which Keras's layers use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_MASK = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _right(v: int, by: int) -> int:
    """A 64-bit integer rotated to the right by `by` bits."""
    v &= _MASK
    return (v >> by | v << (64 - by)) & _MASK


def _mixed(v: int) -> int:
    return v ^ v >> 47


def _joined(u: int, v: int, factor: int) -> int:
    a = _mixed(((u ^ v) & _MASK) * factor & _MASK)
    b = _mixed(((v ^ a) & _MASK) * factor & _MASK)
    return b * factor & _MASK


def farmhash64(data: bytes) -> int:
    """FarmHash's Fingerprint64, an integer in [0, 2**64).

    Source: Pike and Alakuijala, https://github.com/google/farmhash (`farmhashna::Hash64`), MIT license.

    >>> farmhash64(b"1footrue") - 2**64  # as in BigQuery's documentation of FARM_FINGERPRINT
    -1541654101129638711
    """
    n = len(data)
    if n <= 16:
        return _to_16(data, n)
    if n <= 32:
        return _to_32(data, n)
    return _to_64(data, n) if n <= 64 else _longer(data, n)


def _to_16(s: bytes, n: int) -> int:
    factor = _K2 + n * 2
    if n >= 8:
        a, b = _u64(s, 0) + _K2, _u64(s, n - 8)
        c = _right(b, 37) * factor + a
        d = (_right(a, 25) + b) * factor
        return _joined(c, d, factor & _MASK)
    if n >= 4:
        return _joined(n + (_u32(s, 0) << 3), _u32(s, n - 4), factor & _MASK)
    if n:
        y, z = s[0] + (s[n >> 1] << 8), n + (s[n - 1] << 2)
        return _mixed((y * _K2 ^ z * _K0) & _MASK) * _K2 & _MASK
    return _K2


def _to_32(s: bytes, n: int) -> int:
    factor = (_K2 + n * 2) & _MASK
    a, b, c, d = _u64(s, 0) * _K1, _u64(s, 8), _u64(s, n - 8) * factor, _u64(s, n - 16) * _K2
    return _joined(_right(a + b, 43) + _right(c, 30) + d, a + _right(b + _K2, 18) + c, factor)


def _to_64(s: bytes, n: int) -> int:
    factor = (_K2 + n * 2) & _MASK
    a, b, c, d = _u64(s, 0) * _K2, _u64(s, 8), _u64(s, n - 8) * factor, _u64(s, n - 16) * _K2
    y = _right(a + b, 43) + _right(c, 30) + d
    z = _joined(y, a + _right(b + _K2, 18) + c, factor)
    e, f = _u64(s, 16) * factor, _u64(s, 24)
    g, h = (y + _u64(s, n - 32)) * factor, (z + _u64(s, n - 24)) * factor
    return _joined(_right(e + f, 43) + _right(g, 30) + h, e + _right(f + a, 18) + g, factor)


def _weak(s: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_u64(s, at + i) for i in (0, 8, 16, 24))
    a += w
    b = _right(b + a + z, 21)
    c = a
    a += x + y
    return (a + z) & _MASK, (b + _right(a, 44) + c) & _MASK


def _longer(s: bytes, n: int) -> int:
    x, y = 81, 81 * _K1 + 113 & _MASK
    z = _mixed(y * _K2 + 113 & _MASK) * _K2 & _MASK
    v, w = (0, 0), (0, 0)
    x = x * _K2 + _u64(s, 0)
    last = (n - 1) // 64 * 64
    for at in range(0, last, 64):
        x = _right(x + y + v[0] + _u64(s, at + 8), 37) * _K1
        y = _right(y + v[1] + _u64(s, at + 48), 42) * _K1
        x ^= w[1]
        y += v[0] + _u64(s, at + 40)
        z = _right(z + w[0], 33) * _K1 & _MASK
        v = _weak(s, at, v[1] * _K1, x + w[0])
        w = _weak(s, at + 32, z + w[1], y + _u64(s, at + 16))
        z, x = x & _MASK, z
    factor = (_K1 + ((z & 0xFF) << 1)) & _MASK
    at = n - 64
    w = (w[0] + (n - 1 & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x = _right(x + y + v[0] + _u64(s, at + 8), 37) * factor
    y = _right(y + v[1] + _u64(s, at + 48), 42) * factor
    x ^= w[1] * 9
    y += v[0] * 9 + _u64(s, at + 40)
    z = _right(z + w[0], 33) * factor & _MASK
    v = _weak(s, at, v[1] * factor, x + w[0])
    w = _weak(s, at + 32, z + w[1], y + _u64(s, at + 16))
    z, x = x & _MASK, z
    first = _joined(v[0], w[0], factor) + _mixed(y & _MASK) * _K0 + z
    return _joined(first, _joined(v[1], w[1], factor) + x, factor)


def siphash64(data: bytes, key: Sequence[int]) -> int:
    """SipHash-2-4 of the data under a key of two 64-bit integers, an integer in [0, 2**64).

    Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; the example is the paper's.

    >>> hex(siphash64(bytes(range(15)), (0x0706050403020100, 0x0F0E0D0C0B0A0908)))
    '0xa129ca6149be45e5'
    """
    k0, k1 = (int(k) & _MASK for k in key)
    v0, v1 = k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D
    v2, v3 = k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573

    def rounds(count: int) -> None:
        nonlocal v0, v1, v2, v3
        for _ in range(count):
            v0, v2 = v0 + v1 & _MASK, v2 + v3 & _MASK
            v1, v3 = _right(v1, 64 - 13) ^ v0, _right(v3, 64 - 16) ^ v2
            v0, v2 = _right(v0, 32), v2 + v1 & _MASK
            v0 = v0 + v3 & _MASK
            v1, v3 = _right(v1, 64 - 17) ^ v2, _right(v3, 64 - 21) ^ v0
            v2 = _right(v2, 32)

    whole = len(data) // 8 * 8
    last = _u64(data, whole) | (len(data) & 0xFF) << 56
    for word in [*(_u64(data, i) for i in range(0, whole, 8)), last]:
        v3 ^= word
        rounds(2)
        v0 ^= word
    v2 ^= 0xFF
    rounds(4)
    return v0 ^ v1 ^ v2 ^ v3


def hasher(salt: Sequence[int] | None) -> Callable[[bytes], int]:
    """The hash function of a layer: SipHash with the salt as its key, or FarmHash if there is no salt."""
    if salt is None:
        return farmhash64
    key = tuple(salt)
    return lambda data: siphash64(data, key)

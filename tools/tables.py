"""Computes the tables of csrc/simd/vmath_tables.h: functions in pieces whose coefficients one permutation looks up.

    python tools/tables.py > csrc/simd/vmath_tables.h        needs mpmath; then clang-format

There are two ideas. An *accurate table* (Gal, 1986) takes, near each wanted point, a point whose function value happens
to be very close to a float, so that rounding the table costs no accuracy. A short piece needs few terms: its polynomial
is the interpolant at Chebyshev points, whose error is within a few per cent of the minimax one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from mpmath import atanh, cos, erf, erfc, erfinv, exp, log, lu_solve, matrix, mp, mpf, pi, sqrt, tanh

mp.dps = 40
Function = Callable[[mpf], mpf]
Rows = dict[str, list[float]]


def f32(x: mpf) -> float:
    return float(np.float32(float(x)))


def ulp(x: float) -> float:
    return float(np.spacing(np.float32(abs(x))))


def interpolant(g: Function, terms: int, a: mpf, b: mpf) -> list[mpf]:
    """Coefficients, lowest first, of the polynomial through g at the Chebyshev points of [a, b]."""
    points = [(a + b) / 2 + (b - a) / 2 * cos(pi * (2 * i + 1) / (2 * terms)) for i in range(terms)]
    return list(lu_solve(matrix([[x**j for j in range(terms)] for x in points]), matrix([g(x) for x in points])))


def accurate_point(f: Function, inverse: Function | None, middle: float, tries: int = 300) -> float:
    """Returns the float near `middle` at which f is closest to a float.

    Candidates are the neighbours of `middle` and, since f may be flat, the points where f is a neighbour of f(middle).
    """
    value, k = f32(f(mpf(middle))), range(-tries, tries + 1)
    candidates = [middle + i * ulp(middle) for i in k]
    if inverse:
        candidates += [f32(inverse(mpf(y))) for i in k if 0 < (y := value + i * ulp(value)) < 1]
    near = [b for b in map(f32, map(mpf, candidates)) if abs(b - middle) < 0.05 * middle]
    return min(near, key=lambda b: abs(f(mpf(b)) - f32(f(mpf(b)))) / ulp(f32(f(mpf(b)))))


def pieces(f: Function, first: int, inverse: Function | None = None, odd: bool = True, terms: int = 6) -> Rows:
    """f a = y0 + t P(t), t = a - center, in 32 pieces, four per octave; the first piece begins at 0.

    The index of a piece is the low five bits of (bits of a >> 21). For an odd f the first piece is f a = a + a P(a).
    """
    names = ["center", "y0", *(f"c{i + 1}" for i in range(terms))]
    rows: Rows = {name: [0.0] * 32 for name in names}
    for piece in range(first, first + 32):
        low, high = (float(np.array(p << 21, np.uint32).view(np.float32)) for p in (piece, piece + 1))
        if piece == first and odd:
            center, y0 = 0.0, 0.0
            even = interpolant(lambda z: (f(sqrt(z)) - sqrt(z)) / sqrt(z), terms // 2, mpf(0), mpf(high) ** 2)
            coefficients = [c for pair in ((c, mpf(0)) for c in even) for c in pair]
        else:
            low = 0.0 if piece == first else low
            center = accurate_point(f, inverse, (low + high) / 2)
            y0 = f32(f(mpf(center)))
            g = lambda t, center=center: (f(center + t) - f(mpf(center))) / t  # noqa: E731
            coefficients = interpolant(g, terms, mpf(low) - center, mpf(high) - center)
        for name, value in zip(names, [center, y0, *coefficients], strict=True):
            rows[name][piece % 32] = f32(value)
    return rows


def mills(a: mpf) -> mpf:
    """Phi(-a) = exp(-a^2/2) mills(a), Phi the normal distribution."""
    return exp(a * a / 2) * erfc(a / sqrt(mpf(2))) / 2


def exp_steps(steps: int) -> Rows:
    """2^(k / steps) and 2^(-k / steps), each as hi + lo."""
    rows = {}
    for name, sign in ("up", 1), ("down", -1):
        powers = [exp(sign * log(mpf(2)) * k / steps) for k in range(steps)]
        rows[name] = [f32(p) for p in powers]
        rows[f"{name}_lo"] = [f32(p - f32(p)) for p in powers]
    return rows


def log_pieces() -> Rows:
    """m in [0.75, 1.5): inverse ~ 1 / m, and minus its logarithm, a multiple of 2^-17: adding e ln2_hi to it is exact.

    The index of a piece is the first five bits of m's fraction.
    """
    rows: Rows = {"inverse": [0.0] * 32, "minus_log": [0.0] * 32}
    for piece in range(32):
        low = 1 + mpf(piece) / 32 if piece < 16 else (1 + mpf(piece) / 32) / 2
        middle = low + (mpf(1) / 64 if piece < 16 else mpf(1) / 128)
        inverse, minus_log = 1.0, mpf(0)
        if piece not in (0, 31):
            start = int(log(middle) * 2**17)
            candidates = [mpf(k) / 2**17 for k in range(start - 800, start + 800)]
            minus_log = min(candidates, key=lambda v: abs(log(mpf(f32(exp(-v)))) + v))
            inverse = f32(exp(-minus_log))
        rows["inverse"][piece], rows["minus_log"][piece] = inverse, f32(minus_log)
    return rows


def show(name: str, kind: str, rows: Rows) -> str:
    values = ",\n".join("{" + ", ".join(str(np.float32(v)) + "f" for v in vs) + "}" for vs in rows.values())
    return f"alignas(64) constexpr {kind} {name} = {{{values}}};\n"


def main() -> None:
    print("// Tables of the vector functions. Generated by tools/tables.py, which describes them: edit that instead.")
    print("#pragma once\n\nnamespace netlet {\n")
    print("struct Pieces {\n    float center[32], y0[32], c1[32], c2[32], c3[32], c4[32], c5[32], c6[32];\n};")
    print("struct ExpSteps16 {\n    float up[16], up_lo[16], down[16], down_lo[16];\n};")
    print("struct LogPieces {\n    float inverse[32], minus_log[32];\n};\n")
    print(show("tanh_pieces", "Pieces", pieces(tanh, 0x1E9, atanh)))
    print(show("erf_pieces", "Pieces", pieces(erf, 0x1E4, erfinv)))
    print(show("mills_pieces", "Pieces", pieces(mills, 0x1EC, odd=False)))
    print(show("exp_steps16", "ExpSteps16", exp_steps(16)))
    print(show("log_pieces", "LogPieces", log_pieces()))
    print("}  // namespace netlet")


if __name__ == "__main__":
    main()

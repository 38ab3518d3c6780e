"""Computes the polynomials of csrc/simd/vmath_*.h: weighted minimax fits by the Remez exchange, in 60 digits.

    python tools/minimax.py [exp32 ...]        needs mpmath; prints each fit's error as a power of two

A fit finds the P of a given degree that minimises max |w(x) (P(x) - f(x))| over [a, b]. Where a kernel computes
head(x) + x^k P(x), f is (function - head) / x^k and w is x^k / function: the error is relative to the result. At the
minimum the error reaches its maximum degree + 2 times with alternating signs (Chebyshev). The exchange solves for
equal errors at degree + 2 nodes, then moves the nodes to the actual maxima of the error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from mpmath import (
    asin,
    atan,
    atanh,
    besseli,
    cbrt,
    cos,
    digamma,
    erf,
    erfc,
    exp,
    expm1,
    findroot,
    frexp,
    ldexp,
    log,
    log1p,
    loggamma,
    lu_solve,
    matrix,
    mp,
    mpf,
    nint,
    nstr,
    pi,
    psi,
    sin,
    sqrt,
)

mp.dps = 60
Function = Callable[[mpf], mpf]


def evaluate(coefficients: list[mpf], x: mpf) -> mpf:
    y = mpf(0)
    for c in reversed(coefficients):
        y = y * x + c
    return y


def remez(f: Function, degree: int, a: mpf, b: mpf, w: Function, grid: int = 1500) -> tuple[list[mpf], mpf]:
    """Returns the coefficients, lowest first, and the largest weighted error."""
    a, b, n = mpf(a), mpf(b), degree + 2
    nodes = [(a + b) / 2 - (b - a) / 2 * cos(pi * i / (n - 1)) for i in range(n)]
    xs = [(a + b) / 2 - (b - a) / 2 * cos(pi * i / grid) for i in range(grid + 1)]
    values = [(x, f(x), w(x)) for x in xs]
    for _ in range(30):
        system = matrix([[x**j for j in range(degree + 1)] + [(-1) ** i / w(x)] for i, x in enumerate(nodes)])
        coefficients = list(lu_solve(system, matrix([f(x) for x in nodes])))[:-1]
        errors = [weight * (evaluate(coefficients, x) - y) for x, y, weight in values]
        peaks, best = [], 0  # the largest error in each stretch of one sign
        for i in range(1, len(xs)):
            if (errors[i] > 0) != (errors[best] > 0):
                peaks.append(best)
                best = i
            elif abs(errors[i]) > abs(errors[best]):
                best = i
        peaks.append(best)
        while len(peaks) > n:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        sizes = [abs(errors[i]) for i in peaks]
        if len(peaks) < n or max(sizes) < min(sizes) * mpf("1.001"):
            break
        nodes = [xs[i] for i in peaks]
    return coefficients, max(abs(e) for e in errors)


def rounded(f: Function, degree: int, a: mpf, b: mpf, w: Function, bits: int = 24) -> tuple[list[mpf], mpf]:
    """As remez, with coefficients of `bits` bits: rounds one coefficient, then fits the higher ones again."""
    kept: list[mpf] = []
    for k in range(degree + 1):
        rest = lambda x, k=k: (f(x) - evaluate(kept, x)) / x**k  # noqa: E731
        coefficients, error = remez(rest, degree - k, a, b, lambda x, k=k: w(x) * abs(x) ** k)
        mantissa, exponent = frexp(coefficients[0])
        kept.append(ldexp(nint(ldexp(mantissa, bits)), exponent - bits))
    return kept, error


def at_zero(f: Function, limit: mpf) -> Function:
    return lambda x: limit if abs(x) < mpf(10) ** -15 else f(x)


# e^r = 1 + r + r^2 q(r). The added constant keeps the weight from vanishing at 0.
HALF_LN2 = log(mpf(2)) / 2 * mpf("1.0005")
exp_q = at_zero(lambda r: (expm1(r) - r) / r**2, mpf(1) / 2)
exp_w: Function = lambda r: (r**2 + mpf("0.002")) / exp(r)  # noqa: E731

# Near 0: expm1 x = x + x^2 q(x).
expm1_w = at_zero(lambda x: x**2 / abs(expm1(x)) + mpf("0.001"), mpf("0.001"))

# log(1 + f) = f - f^2/2 + f^3 P(f)
log_p = at_zero(lambda x: (log1p(x) - x + x * x / 2) / x**3, mpf(1) / 3)
log_w = at_zero(lambda x: x**3 / log1p(x) + mpf("0.001"), mpf("0.001"))

# log(1 + f) = 2s + s^3 R(s^2) and 2s + 2/3 s^3 + s^5 R(s^2), s = f / (2 + f); as functions of z = s^2
S2 = (3 - 2 * sqrt(mpf(2))) ** 2 * mpf("1.001")
log_r = at_zero(lambda z: 2 * (atanh(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3, mpf(2) / 3)
log_r5 = at_zero(lambda z: (2 * (atanh(sqrt(z)) - sqrt(z)) - mpf(2) / 3 * sqrt(z) ** 3) / sqrt(z) ** 5, mpf(2) / 5)

# sin r = r + r^3 S(z), cos r = 1 - z/2 + z^2 C(z), z = r^2
Z = (pi / 4) ** 2 * mpf("1.0001")
sin_s = at_zero(lambda z: (sin(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3, -mpf(1) / 6)
cos_c = at_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24)

# erf x = x + x P(x^2);  erf x = 1 - exp(x Q(x)) (vmath_erf.h uses Q + 1)
erf_p = at_zero(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1)
erf_q: Function = lambda x: log(erfc(x)) / x  # noqa: E731
erf_w = at_zero(lambda z: sqrt(z) / erf(sqrt(z)), sqrt(pi) / 2)


def erfc_g(w: mpf) -> mpf:
    """erfc x = exp(-x^2) / (1 + 2x) G(w), w = (x - 4) / (x + 4)."""
    x = 4 * (1 + w) / (1 - w)
    return (1 + 2 * x) * exp(x * x) * erfc(x)


def normal_p(k: mpf, center: int) -> Function:
    """Phi(-a) = exp(-a^2/2) u P, u = k / (a + k), as a function of v - center, v = 2a / (a + k)."""

    def p(w: mpf) -> mpf:
        v = w + center
        a = k * v / (2 - v)
        return erfc(a / sqrt(mpf(2))) / 2 * exp(a * a / 2) * (a + k) / k

    return p


def over_argument(f: Function) -> Function:
    """(f(t) / t - 1) / t^2 as a function of z = t^2, for odd f with slope 1."""

    def p(z: mpf) -> mpf:
        t = sqrt(z) if z > 0 else mpf(10) ** -15
        return (f(t) / t - 1) / (t * t)

    return p


def erfinv_over_x(x_of: Function) -> Function:
    """erfinv(x) / x, where x_of gives w = -log(1 - x^2)."""

    def p(v: mpf) -> mpf:
        w = x_of(v)
        if w < mpf(10) ** -40:
            return sqrt(pi) / 2
        x = sqrt(1 - exp(-w))
        y = sqrt(w) * mpf("0.886") if w < 1 else sqrt(w - log(sqrt(pi * w)))
        for _ in range(60):
            step = (erf(y) - x) * sqrt(pi) / 2 * exp(y * y)
            y -= step / (1 + y * step)
            if abs(step) < mpf(10) ** -50 * y:
                break
        return y / x

    return p


def bessel_series(order: int) -> Function:
    """I_n(x) / (x/2)^n as a function of z = x^2 / 4."""

    def p(z: mpf) -> mpf:
        x = 2 * sqrt(z) if z > 0 else mpf(10) ** -20
        return besseli(order, x) / (x / 2) ** order

    return p


def bessel_tail(order: int) -> Function:
    """sqrt(x) exp(-x) I_n(x) as a function of v = 16 / x - 1."""

    def p(v: mpf) -> mpf:
        x = 16 / (v + 1)
        return sqrt(x) * exp(-x) * besseli(order, x)

    return p


def lgamma_p(z: mpf) -> mpf:
    """log gamma(2 + z) = z P(z)."""
    z = z if abs(z) > mpf(10) ** -20 else mpf(10) ** -20
    return loggamma(2 + z).real / z


def stirling(rest: Function) -> Function:
    """A remainder of an asymptotic series as a function of q = 1 / x^2."""
    return lambda q: rest(1 / sqrt(q))


def lgamma_rest(x: mpf) -> mpf:
    return (loggamma(x).real - ((x - mpf("0.5")) * log(x) - x + log(2 * pi) / 2)) * x


DIGAMMA_ROOT = findroot(digamma, mpf("1.4616321449683623"))


def digamma_p(v: mpf) -> mpf:
    """digamma x = (x - root) P(x - 1.5)."""
    return digamma(mpf("1.5") + v) / (mpf("1.5") + v - DIGAMMA_ROOT)


def relative(f: Function) -> Function:
    return lambda x: 1 / f(x)


def up_to(a: str, k: int) -> mpf:
    return (mpf(a) - k) / (mpf(a) + k)


NORMAL32, NORMAL64 = normal_p(mpf("2.5"), 0), normal_p(mpf(5), 1)
TINY = mpf(10) ** -30
ERFINV_NEAR = erfinv_over_x(lambda v: v + mpf("3.125"))
ERFINV_MIDDLE = erfinv_over_x(lambda v: (v + mpf("3.25")) ** 2)
ERFINV_FAR = erfinv_over_x(lambda v: (v + 5) ** 2)
FITS: dict[str, Callable[[], tuple[list[mpf], mpf]]] = {
    "exp32": lambda: remez(exp_q, 5, -HALF_LN2, HALF_LN2, exp_w),
    "exp64": lambda: remez(exp_q, 10, -HALF_LN2, HALF_LN2, exp_w),
    "expstep32": lambda: remez(exp_q, 1, -HALF_LN2 / 16, HALF_LN2 / 16, lambda r: r**2 + mpf(10) ** -8),
    "expm1near32": lambda: remez(exp_q, 4, mpf("-0.25"), mpf("0.25"), expm1_w),
    "log32": lambda: remez(log_p, 8, sqrt(mpf("0.5")) - 1, sqrt(mpf(2)) - 1, log_w),
    "log64": lambda: remez(log_r, 6, 0, S2, lambda z: z + mpf("0.0003")),
    "logpair64": lambda: remez(log_r5, 7, 0, S2, lambda z: z**2 + mpf(10) ** -5),
    "sin64": lambda: remez(sin_s, 5, 0, Z, lambda z: z + TINY),
    "cos64": lambda: remez(cos_c, 5, 0, Z, lambda z: z**2 + TINY),
    "erf32": lambda: rounded(erf_p, 6, mpf("0.005"), mpf("0.88") ** 2, erf_w),
    "erf64": lambda: remez(erf_p, 12, 0, 1, lambda z: mpf(1)),
    "erftail32": lambda: rounded(
        lambda x: log(erfc(x)) / x, 6, mpf("0.875"), mpf("3.95"), lambda x: x * erfc(x) / erf(x)
    ),
    "erfc64": lambda: remez(erfc_g, 24, -1, up_to("28", 4), relative(erfc_g), grid=900),
    "normal32": lambda: remez(NORMAL32, 9, 0, 2 * mpf("14.3") / mpf("16.8"), relative(NORMAL32), grid=500),
    "normal64": lambda: remez(NORMAL64, 24, -1, up_to("38.7", 5), relative(NORMAL64), grid=800),
    "atan64": lambda: remez(over_argument(atan), 11, TINY, (sqrt(mpf(2)) - 1) ** 2, lambda z: z + TINY),
    "asin64": lambda: remez(over_argument(asin), 12, TINY, mpf("0.25"), lambda z: z + TINY),
    "cbrt64": lambda: remez(cbrt, 4, mpf("0.5"), 1, relative(cbrt)),
    "erfinv64": lambda: remez(ERFINV_NEAR, 24, mpf("-3.125"), mpf("3.125"), relative(ERFINV_NEAR), grid=400),
    "erfinvmiddle64": lambda: remez(ERFINV_MIDDLE, 21, mpf("-0.75"), mpf("0.75"), relative(ERFINV_MIDDLE), grid=300),
    "erfinvfar64": lambda: remez(ERFINV_FAR, 20, mpf(-1), mpf("1.1"), relative(ERFINV_FAR), grid=300),
    "i064": lambda: remez(bessel_series(0), 15, 0, 16, relative(bessel_series(0)), grid=300),
    "i0tail64": lambda: remez(bessel_tail(0), 22, 16 / mpf(714) - 1, 1, relative(bessel_tail(0)), grid=300),
    "i164": lambda: remez(bessel_series(1), 14, 0, 16, relative(bessel_series(1)), grid=300),
    "i1tail64": lambda: remez(bessel_tail(1), 22, 16 / mpf(714) - 1, 1, relative(bessel_tail(1)), grid=300),
    "lgamma64": lambda: remez(lgamma_p, 19, mpf("-0.5"), mpf("0.5"), relative(lgamma_p), grid=400),
    "lgammatail64": lambda: remez(stirling(lgamma_rest), 6, mpf(10) ** -8, 1 / mpf(64), lambda q: mpf(1), grid=200),
    "digamma64": lambda: remez(digamma_p, 23, mpf("-0.5"), mpf("0.5"), relative(digamma_p), grid=400),
    "digammatail64": lambda: remez(
        stirling(lambda x: (log(x) - 1 / (2 * x) - digamma(x)) * x * x),
        7,
        mpf(10) ** -8,
        1 / mpf(64),
        lambda q: mpf(1),
        grid=200,
    ),
    "trigammatail64": lambda: remez(
        stirling(lambda x: (psi(1, x) - 1 / x - 1 / (2 * x * x)) * x**3),
        7,
        mpf(10) ** -8,
        1 / mpf(64),
        lambda q: mpf(1),
        grid=200,
    ),
}


def main() -> None:
    for name in sys.argv[1:] or FITS:
        coefficients, error = FITS[name]()
        digits = 11 if name.endswith("32") else 20
        print(f"{name}: error 2^{float(log(error, 2)):.1f}")
        print("    " + ", ".join(nstr(c, digits) for c in coefficients))


if __name__ == "__main__":
    main()

"""
Eight bits by absmax
====================

Absmax quantization stores numbers as whole numbers from -127 to 127. The largest magnitude becomes 127 and everything
else is scaled with it and rounded. This page works through the four numbers of the lecture notes, draws the error
that rounding makes, and shows why a single large number costs accuracy for all the others.
"""

# Lecture notes: absmax

# %%
# Four numbers
# ------------
# The notes multiply by ``127 / max|x|``. :func:`netlet.ops.quantize_absmax` returns the reciprocal as its ``scale``,
# so that ``code * scale`` is the number again. The codes are the same.

import matplotlib.pyplot as plt
import numpy as np

from netlet import ops

x = np.array([0.1, -0.5, 3.2, 1.2], dtype="float32")
codes, scale = ops.quantize_absmax(x)
back = ops.dequantize_absmax(codes, scale)

print(f"scale {float(scale):.6f}, and 127 / max|x| = {1 / float(scale):.4f}")
for number, code, value in zip(x, codes.numpy(), back.numpy()):
    print(f"{number:5.1f}  ->  {code:4d}  ->  {value:8.4f}   error {abs(value - number):.4f}")

# %%
# The notes print 1.008 and an error of 0.008 for the first number. The decimal point slipped: 0.1 becomes the code 4,
# which stands for 0.1008, and the error is 0.0008.

assert codes.tolist() == [4, -20, 127, 48]
assert round(float(back[0]), 4) == 0.1008
assert round(abs(float(back[0]) - 0.1), 4) == 0.0008

# %%
# The error of rounding
# ---------------------
# Between two neighbouring codes lies one *scale*. A number is rounded to the nearest code, so it moves by at most half
# a scale, wherever it lies. That is a small part of a large number and a large part of a small one: below half a scale
# every number becomes 0.

line = np.linspace(-3.2, 3.2, 4001, dtype="float32")
codes, scale = ops.quantize_absmax(line)
values = ops.dequantize_absmax(codes, scale).numpy()
half = float(scale) / 2
assert np.abs(values - line).max() <= half * 1.0001

figure, (steps, errors) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
near = np.abs(line) < 0.16
steps.plot(line[near], line[near], color="0.6", linestyle="--", label="the number itself")
steps.plot(line[near], values[near], color="#2f6fb5", label="the value of its code")
steps.plot(0.1, 4 * float(scale), "o", color="#d9730d", label="0.1 becomes 0.1008")
steps.set(xlabel="number", ylabel="value after rounding", title="Near 0: the steps of the codes")
steps.legend(frameon=False)
sizes = np.geomspace(1e-3, 3.2, 4000, dtype="float32")
relative = np.abs(ops.dequantize_absmax(np.round(sizes / scale.numpy()).astype("int8"), scale).numpy() / sizes - 1)
errors.loglog(sizes, np.maximum(relative, 1e-5), ".", color="#2f6fb5", markersize=2, label="error of each number")
errors.loglog(sizes, np.minimum(half / sizes, 1), color="#d9730d", label="at most: half a scale")
errors.set(xlabel="number", ylabel="error relative to the number", title="Small numbers lose most")
errors.legend(frameon=False, loc="lower left")

# %%
# One outlier
# -----------
# The scale follows the largest magnitude alone. Here are a thousand numbers around 0 and one number far away. The
# further away it is, the coarser are the codes of all others. One scale for each row or each output of a layer (the
# argument ``axis``) confines the damage to the row that holds the outlier.

rng = np.random.default_rng(0)
rows = rng.normal(0, 1, (10, 100)).astype("float32")
outliers = np.geomspace(4, 1000, 40)
one_scale, scale_per_row = [], []
for outlier in outliers:
    rows[0, 0] = outlier
    for axis, collected in ((None, one_scale), (-1, scale_per_row)):
        values = ops.dequantize_absmax(*ops.quantize_absmax(rows, axis=axis)).numpy()
        collected.append(np.sqrt(np.mean((values - rows)[1:] ** 2)))

figure, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
ax.loglog(outliers, one_scale, color="#d9730d", linewidth=2, label="one scale for all numbers")
ax.loglog(outliers, scale_per_row, color="#2f6fb5", linewidth=2, label="one scale for each row")
ax.axhline(1, color="0.6", linestyle=":")
ax.text(4, 1.1, "spread of the numbers themselves", color="0.4", va="bottom")
ax.set_ylim(top=3)
ax.set(xlabel="size of the one outlier", ylabel="error of the other rows", title="An outlier spoils a shared scale")
ax.legend(frameon=False, loc="center right")

# %%
# With an outlier of 1000 nearly all other numbers have become 0: their error is as large as they are.
#
# *Try:* quantize ``rows`` with ``group_size=20``. Which numbers share a scale then, and where does the curve lie?

assert one_scale[-1] > 0.9 and max(scale_per_row) < 0.02

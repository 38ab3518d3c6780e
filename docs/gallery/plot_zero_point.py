"""
Eight bits with a zero point
============================

Absmax spends half of its codes on negative numbers, even where there are none. Zero-point quantization gives all 256
codes to the range that the numbers really have: the smallest becomes -128, the largest 127, and 0 gets an integer
code in between, the *zero point*. This page computes it by hand, compares it with absmax, and shows when it pays.
"""

# Lecture notes: zero point

# %%
# The formula of the notes
# ------------------------
# The notes' scale multiplies, netlet's is its reciprocal and divides, as in ONNX and PyTorch. Codes and zero point are
# the same.

import matplotlib.pyplot as plt
import numpy as np

from netlet import ops

x = np.array([0.1, -0.5, 3.2, 1.2], dtype="float32")
notes_scale = 255 / (x.max() - x.min())
notes_zero = -np.round(notes_scale * x.min()) - 128
notes_codes = np.clip(np.round(x * notes_scale) + notes_zero, -128, 127)

codes, scale, zero_point = ops.quantize_zeropoint(x)
back = ops.dequantize_zeropoint(codes, scale, zero_point)
print("codes by the notes", notes_codes, "zero point", notes_zero)
print("codes by netlet   ", codes.numpy(), "zero point", int(zero_point))
print("values again      ", back.numpy().round(4))
assert codes.tolist() == notes_codes.tolist() == [-87, -128, 127, -11] and int(zero_point) == notes_zero == -94

# %%
# Zero stays zero
# ---------------
# Zeros are the most frequent numbers in a network: padding, dropped units, everything that a ReLU cut off. The zero
# point is rounded to an integer for their sake, so that the code of 0 means exactly 0 and nothing leaks from the
# padding.

for low, high in ((-0.5, 3.2), (0.0, 6.0), (-7.3, 0.1), (2.0, 5.0)):
    numbers = np.linspace(low, high, 100, dtype="float32")
    numbers[50] = 0
    codes, scale, zero_point = ops.quantize_zeropoint(numbers)
    assert codes[50] == zero_point  # q(0) is the zero point
    assert float(ops.dequantize_zeropoint(codes, scale, zero_point)[50]) == 0.0

# %%
# Which codes are used
# --------------------
# The outputs of a ReLU are never negative. Absmax leaves the codes below 0 unused; the zero point uses them all, so
# that its steps are half as wide.

rng = np.random.default_rng(0)
relu = np.maximum(rng.normal(0.5, 1, 20_000), 0).astype("float32")
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.2), layout="constrained", sharey=True)
absmax_codes = ops.quantize_absmax(relu)[0].numpy()
zero_codes = ops.quantize_zeropoint(relu)[0].numpy()
for ax, codes, name in ((axes[0], absmax_codes, "absmax"), (axes[1], zero_codes, "zero point")):
    ax.hist(codes, bins=np.arange(-128, 129, 2), color="#2f6fb5")
    ax.set_yscale("log")
    ax.set(xlabel="code", title=f"{name}: codes {codes.min()} to {codes.max()}")
axes[0].set_ylabel("how many numbers")
axes[0].annotate("unused", (-64, 30), ha="center", color="0.4")

# %%
# When it pays
# ------------
# Now the range itself moves: from symmetric around 0 to entirely positive. The error of absmax stays, because the
# largest magnitude stays. That of the zero point shrinks with the width of the range, to half of absmax's.

shares = np.linspace(-1, 0, 41)  # the smallest number, where the largest is 1
curves = {"absmax": [], "zero point": []}
for low in shares:
    numbers = rng.uniform(low, 1, 20_000).astype("float32")
    values = {
        "absmax": ops.dequantize_absmax(*ops.quantize_absmax(numbers)),
        "zero point": ops.dequantize_zeropoint(*ops.quantize_zeropoint(numbers)),
    }
    for name, restored in values.items():
        curves[name].append(np.sqrt(np.mean((restored.numpy() - numbers) ** 2)))

figure, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, errors), colour in zip(curves.items(), ("#d9730d", "#2f6fb5")):
    ax.plot(shares, np.multiply(errors, 1000), color=colour, linewidth=2, label=name)
ax.set(xlabel="smallest number (the largest is 1)", ylabel="root mean squared error, thousandths", ylim=(0, 2.8))
ax.set_title("The zero point uses the whole range")
ax.annotate("like weights", (-1, 2.45), ha="left", color="0.4")
ax.annotate("like a ReLU's outputs", (0, 2.45), ha="right", color="0.4")
ax.legend(frameon=False, loc="lower left")

# %%
# Weights are nearly symmetric around 0: absmax is as good for them, and products with it are simpler, because no zero
# point has to be subtracted. Activations after a ReLU gain a whole bit.
#
# *Try:* quantize ``relu`` with ``dtype="uint8"``. What is the zero point then?

assert 0.45 < curves["zero point"][-1] / curves["absmax"][-1] < 0.55

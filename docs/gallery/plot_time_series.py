"""
Forecasting a series, honestly
==============================

An LSTM forecasts the next value of a series from the last thirty. Whether it can depends on the series: a pattern
that repeats can be learned, a random walk cannot. Prices of stocks are close to a random walk, and a forecast that
looks perfect in a plot is often only yesterday's price. The page measures both against that simplest forecast.
"""

# Lecture notes: Stock-price-like series

# %%
# Two series
# ----------
# The first has a weekly and a slower rhythm and some noise, like a shop's sales. The second multiplies its price each
# day by a random factor, like a stock.

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers

rng = np.random.default_rng(3)
days = np.arange(1500)
sales = 100 + 15 * np.sin(2 * np.pi * days / 7) + 20 * np.sin(2 * np.pi * days / 90) + rng.normal(0, 2, days.size)
price = 100 * np.exp(np.cumsum(rng.normal(0.0002, 0.012, days.size)))

# %%
# Windows
# -------
# :func:`netlet.utils.timeseries_dataset_from_array` cuts the series into windows of thirty days, each with the value
# that follows. The last 300 days are for the test: a series is split by time, never at random, or the model sees the
# future. Mean and spread come from the training days alone, for the same reason. The network predicts the *change*
# from the last value.

WINDOW, SPLIT = 30, 1200


def windows(series, shuffle=False):
    targets = series[WINDOW:] - series[WINDOW - 1 : -1]
    return netlet.utils.timeseries_dataset_from_array(
        series[:-1, None], targets, sequence_length=WINDOW, batch_size=32, shuffle=shuffle, seed=0
    )


def forecast(series):
    """Forecasts the test days one day ahead; returns forecasts and truth in the units of the series."""
    mean, spread = series[:SPLIT].mean(), series[:SPLIT].std()
    scaled = ((series - mean) / spread).astype("float32")
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((WINDOW, 1)), layers.LSTM(24), layers.Dense(1)])
    model.compile(netlet.optimizers.Adam(3e-3), "mse")
    model.fit(windows(scaled[:SPLIT], shuffle=True), epochs=30, verbose=0)
    test = scaled[SPLIT - WINDOW :]
    changes = model.predict(windows(test), verbose=0)[:, 0]
    return (test[WINDOW - 1 : -1] + changes) * spread + mean, series[SPLIT:]


# %%
# What the plots show, and what they hide
# ---------------------------------------
# Both forecasts follow their series. The number that matters is the error beside that of "tomorrow is like today".

figure, axes = plt.subplots(2, 1, figsize=(9, 5), layout="constrained")
ratios = {}
for ax, (name, series) in zip(axes, {"sales with a rhythm": sales, "price, a random walk": price}.items()):
    predicted, truth = forecast(series)
    error = np.sqrt(np.mean((predicted - truth) ** 2))
    naive = np.sqrt(np.mean((series[SPLIT - 1 : -1] - truth) ** 2))
    ratios[name] = error / naive
    print(f"{name}: error {error:.2f}, tomorrow like today {naive:.2f}, ratio {error / naive:.2f}")
    shown = slice(0, 90)
    ax.plot(days[SPLIT:][shown], truth[shown], color="0.5", linewidth=2, label="truth")
    ax.plot(days[SPLIT:][shown], predicted[shown], color="#2f6fb5", label="LSTM, one day ahead")
    ax.set_title(f"{name}: {error / naive:.2f} of the error of “tomorrow is like today”", loc="left")
    ax.set_ylabel("value")
axes[0].legend(frameon=False, ncols=2, loc="upper right")
axes[0].set_ylim(top=175)
axes[1].set_xlabel("day")

# %%
# For the sales the network's error is a small part of the naive one, close to the noise of 2 that nobody can predict.
# For the price it is no better than the naive one, although the curve looks as good: it trails the truth by a day.
# Nothing in the past of a random walk tells the sign of its next step.
#
# *Try:* make the naive forecast for the sales better: "like the same day last week". Does the network still win?

assert ratios["sales with a rhythm"] < 0.35
assert ratios["price, a random walk"] > 0.97

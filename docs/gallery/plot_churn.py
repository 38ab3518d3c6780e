"""
Who will leave the bank? A churn network from a pandas frame
============================================================

A classic first project: a table of a bank's customers, and the question who will leave (*churn*). The steps are those
of every table: encode the text columns, scale the numbers, train, look at the result. The frame is made up here, so
that you know the rule behind it.
"""
# Lecture notes: Churn ANN

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import netlet
from netlet import Sequential, plots
from netlet.callbacks import EarlyStopping
from netlet.layers import Dense

netlet.utils.set_random_seed(0)
rng = np.random.default_rng(0)
n = 4000

# %%
# The frame
# ---------
# Ten columns, two of them texts. Customers leave more often if they are around 50, inactive, German or female;
# those with two products stay. Chance decides the rest, so no model can be right for everyone.

frame = pd.DataFrame(
    {
        "CreditScore": rng.normal(650, 95, n).clip(350, 850).round(),
        "Geography": rng.choice(["France", "Germany", "Spain"], n, p=[0.5, 0.25, 0.25]),
        "Gender": rng.choice(["Female", "Male"], n),
        "Age": rng.gamma(9, 4.4, n).clip(18, 90).round(),
        "Tenure": rng.integers(0, 11, n),
        "Balance": np.where(rng.random(n) < 0.36, 0, rng.normal(120_000, 30_000, n)).clip(0).round(2),
        "NumOfProducts": rng.choice([1, 2, 3], n, p=[0.5, 0.46, 0.04]),
        "HasCrCard": rng.integers(0, 2, n),
        "IsActiveMember": rng.integers(0, 2, n),
        "EstimatedSalary": rng.uniform(10_000, 200_000, n).round(2),
    }
)
likes_to_leave = (
    2.2 * np.exp(-(((frame["Age"] - 52) / 9) ** 2))
    - 1.6 * (frame["IsActiveMember"] == 1)
    - 1.7 * (frame["NumOfProducts"] == 2)
    + 1.3 * (frame["Geography"] == "Germany")
    + 0.5 * (frame["Gender"] == "Female")
)
frame["Exited"] = (rng.random(n) < 1 / (1 + np.exp(-2 * likes_to_leave + 0.6))).astype(int)
print(frame.head())

# %%
# Encode and scale
# ----------------
# ``get_dummies`` turns a text column into columns of zeros and ones, one for each value but the first. Ten columns
# become eleven. The scaler learns mean and deviation from the training part only: the test part must not leak into
# it.

x = pd.get_dummies(frame.drop(columns="Exited"), drop_first=True, dtype=float)
y = frame["Exited"]
assert x.shape[1] == 11
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=0)
scaler = StandardScaler().set_output(transform="pandas")
x_train, x_test = scaler.fit_transform(x_train), scaler.transform(x_test)

# %%
# The network of the notes
# ------------------------
# The notes pass ``["accuracy"]`` to ``compile`` as the third argument. In Keras 3 and netlet the third one is
# ``loss_weights``, so name it: ``metrics=["accuracy"]``. 1,000 epochs are the limit; ``EarlyStopping`` ends the
# training when the validation loss has not improved for 20 epochs.

model = Sequential()
model.add(Dense(11, "relu"))
model.add(Dense(7, "relu"))
model.add(Dense(1, "sigmoid"))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
stop = EarlyStopping(monitor="val_loss", patience=20, restore_best_weights=True)
history = model.fit(x_train, y_train, validation_split=0.33, batch_size=10, epochs=1000, verbose=0, callbacks=[stop])
epochs = len(history.history["loss"])
print(f"ended after {epochs} epochs; the best was {stop.best_epoch + 1}")
print([w.shape for w in model.get_weights()])
assert epochs < 1000  # EarlyStopping ended it
assert [w.shape for w in model.get_weights()] == [(11, 11), (11,), (11, 7), (7,), (7, 1), (1,)]

leaves = model.predict(x_test, verbose=0).ravel() > 0.5
accuracy, stays = float(np.mean(leaves == y_test)), float(np.mean(y_test == 0))
print(f"accuracy {accuracy:.3f}; always answering 'stays' has {stays:.3f}")
assert accuracy > stays + 0.05

# %%
# Left: the curves, and where the training stopped. Middle: which customers are recognised. Right: PCA shows the
# eleven columns in two dimensions, the directions in which customers differ most. The three clouds are the three
# countries, Germany at the right. Inside of each cloud the network's answers are mixed: what varies most is not what
# decides.

figure, (a, b, c) = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
a.plot(history.history["loss"], label="training")
a.plot(history.history["val_loss"], "--", label="validation")
a.axvline(stop.best_epoch, color="0.7", linestyle=":", label="best epoch")
a.set(xlabel="epoch", ylabel="binary cross-entropy", ylim=(0.25, 0.7))
a.set_title(f"Ended after {epochs} of 1,000 epochs", loc="left")
a.legend(frameon=False)
plots.confusion_matrix(plots.confusion_counts(y_test, leaves), ["stays", "leaves"], ax=b, title="Test customers")
points = PCA(2).fit(x_train).transform(x_test)
dots = c.scatter(*points.T, c=model.predict(x_test, verbose=0).ravel(), s=8, cmap="viridis", vmin=0, vmax=1)
figure.colorbar(dots, ax=c, label="predicted probability of leaving")
c.set(xlabel="first component", ylabel="second component")
c.set_title("PCA of the scaled columns", loc="left")
plt.show()

# %%
# **Try:** skip the scaler. A balance of 120,000 beside an age of 40 makes the training slow and the result worse.

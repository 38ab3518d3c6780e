"""
Predicting the next word, and temperature
=========================================

A language model gives each word of its vocabulary a probability to come next, given the words so far (the *context*).
To write, it draws one of them, appends it and asks again. The *temperature* divides the model's scores before they
become probabilities: near 0 the likeliest word always wins, above 1 unlikely words get their chance.
"""

# Lecture notes: Next-word prediction

# %%
# A small language
# ----------------
# The sentences come from a grammar of our own, so that we can check what the model writes: a singular noun takes
# "sees", a plural noun "see".

import re

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers

rng = np.random.default_rng(0)
ONE, MANY = ["cat", "dog", "child", "bird"], ["cats", "dogs", "children", "birds"]
ADJECTIVES, VERBS = ["small", "old", "happy"], ["see", "hear", "follow"]


def noun_phrase(nouns):
    adjective = [rng.choice(ADJECTIVES)] if rng.random() < 0.4 else []
    return " ".join(["the", *adjective, rng.choice(nouns, p=[0.5, 0.3, 0.15, 0.05])])


def sentence():
    subject, seen = (ONE if rng.random() < 0.5 else MANY for _ in range(2))
    verb = rng.choice(VERBS, p=[0.6, 0.3, 0.1]) + ("s" if subject is ONE else "")
    return f"{noun_phrase(subject)} {verb} {noun_phrase(seen)} ."


one, many, adjective, verb = ("(" + "|".join(kind) + ")" for kind in (ONE, MANY, ADJECTIVES, VERBS))
GRAMMAR = re.compile(f"the ({adjective} )?({one} {verb}s|{many} {verb}) the ({adjective} )?({one}|{many})")
text = " ".join(sentence() for _ in range(3000))
print(text[:120], "...")

# %%
# Tokens, windows, model
# ----------------------
# :class:`netlet.layers.TextVectorization` gives each word a number, its *token*. The model reads eight tokens: an
# embedding turns each into a vector, an LSTM reads them in order, and a dense layer scores every word.

CONTEXT = 8
vectorize = layers.TextVectorization(standardize=None)
vectorize.adapt([text])
words = vectorize.get_vocabulary()
ids = np.asarray(vectorize([text]))[0].astype("int32")
x, y = np.lib.stride_tricks.sliding_window_view(ids, CONTEXT)[:-1], ids[CONTEXT:]

netlet.utils.set_random_seed(0)
size = len(words)
model = netlet.Sequential([layers.Embedding(size, 12), layers.LSTM(32), layers.Dense(size)])
model.compile(netlet.optimizers.Adam(5e-3), netlet.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit(x, y, batch_size=64, epochs=6, validation_split=0.1, verbose=0).history
print(f"validation loss {history['val_loss'][-1]:.3f}; guessing among {len(words)} words: {np.log(len(words)):.3f}")

# %%
# One distribution, four temperatures
# -----------------------------------
# After "the old cats" a plural verb must come, and the grammar says which is how likely: 60, 30 and 10 in a hundred.
# At temperature 1 the model says roughly the same.

context = np.array([[words.index(w) for w in "the dog sees the birds . the old cats".split()[-CONTEXT:]]], "int32")
logits = model.predict_on_batch(context)[0]
best = np.argsort(-logits)[:6]
figure, axes = plt.subplots(1, 4, figsize=(10, 3), layout="constrained", sharey=True)
for ax, temperature in zip(axes, (0.2, 0.5, 1.0, 2.0)):
    scaled = logits.astype("float64") / temperature
    probabilities = np.exp(scaled - scaled.max()) / np.exp(scaled - scaled.max()).sum()
    ax.bar([words[k] for k in best], probabilities[best], color="#2f6fb5")
    ax.tick_params(axis="x", rotation=60)
    ax.set_title(f"temperature {temperature}")
axes[0].set(ylabel="probability after “the old cats”")

for cold in (0, 0.01):  # temperature towards 0 is the arg-max
    drawn = netlet.utils.sample_from_logits(np.tile(logits, (200, 1)), cold, seed=0)
    assert (drawn == logits.argmax()).all() and words[drawn[0]] == "see"

# %%
# Writing
# -------
# Two hundred texts are written at once for each temperature. Cold texts repeat themselves, hot ones break the grammar.


def write(temperature, texts=200, length=30):
    tokens = np.tile(ids[-CONTEXT:], (texts, 1))  # the end of a sentence
    for step in range(length):
        logits = model.predict_on_batch(tokens[:, -CONTEXT:])
        tokens = np.c_[tokens, netlet.utils.sample_from_logits(logits, temperature, seed=step)].astype("int32")
    written = [" ".join(words[k] for k in row[CONTEXT:]).split(" . ")[:-1] for row in tokens]  # without the unfinished
    return [sentence for text in written for sentence in text]


temperatures = (0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
results = {temperature: write(temperature) for temperature in temperatures}
for temperature in (0, 1.0, 2.0):
    print(f"{temperature}:", ". ".join(results[temperature][:3]))
correct = {t: np.mean([GRAMMAR.fullmatch(s) is not None for s in written]) for t, written in results.items()}
different = {t: len(set(written)) / len(written) for t, written in results.items()}

figure, ax = plt.subplots(figsize=(6.5, 3.3), layout="constrained")
ax.plot(temperatures, list(correct.values()), "o-", color="#2f6fb5", label="grammatical sentences")
ax.plot(temperatures, list(different.values()), "o-", color="#d9730d", label="different sentences")
ax.set(xlabel="temperature", ylabel="fraction", ylim=(-0.03, 1.08), title="Correct or varied")
ax.legend(frameon=False)

# %%
# *Try:* ``top_k=5`` or ``top_p=0.9`` in ``sample_from_logits`` at temperature 1.5: they cut off the unlikely tail.

assert correct[0] == 1.0 and correct[1.0] > 0.9 > correct[2.0]

"""
Sentiment: words in their order
===============================

Does a sentence praise or blame? A network that averages the vectors of all words cannot know which word a "not"
belongs to; one that reads them in order can. The sentences are made in the page, full of negations, and the trained
network shows at which word it makes up its mind.
"""

# Lecture notes: Next-word prediction

# %%
# Sentences with a sentiment
# --------------------------
# Each sentence has one or two clauses about a film. "not" turns the word after it around; where there are two clauses,
# the one after "but" counts.

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers

rng = np.random.default_rng(0)
GOOD, BAD = ["good", "great", "funny", "moving"], ["bad", "boring", "dull", "awful"]


def clause():
    positive, negated = rng.random(2) < (0.5, 0.4)
    word = rng.choice(GOOD if positive else BAD)
    verb = rng.choice(["was", "seemed", "felt"])
    subject = rng.choice(["the plot", "the film", "the music", "the end"])
    return f"{subject} {verb} {'not ' if negated else ''}{word}", positive != negated


def review():
    text, label = clause()
    if rng.random() < 0.6:
        second, label = clause()
        text = f"{text} but {second}"
    return f"{text} .", label


texts, labels = zip(*(review() for _ in range(3000)))
texts, labels = np.array(texts), np.array(labels, "float32")
vectorize = layers.TextVectorization(standardize="lower", output_sequence_length=12)
vectorize.adapt(texts)
x = np.asarray(vectorize(texts)).astype("int32")
size = vectorize.vocabulary_size()
print(texts[0], "->", labels[0])

# %%
# Counting and reading
# --------------------
# Both models begin with an embedding. The first averages the vectors of all words. The second reads them with an LSTM
# and gives an opinion after *each* word: in training every one of its opinions is compared with the label of the whole
# sentence, so that it learns how much the words so far tell. The mask leaves the padding out.

train, test = slice(0, 2400), slice(2400, None)
last = (x > 0).sum(axis=1) - 1  # position of each sentence's last word


def network(middle):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential(
        [layers.Embedding(size, 8, mask_zero=True), middle, layers.Dense(1, activation="sigmoid")]
    )
    model.compile(netlet.optimizers.Adam(1e-2), "binary_crossentropy")
    return model


counting = network(layers.GlobalAveragePooling1D())
counting.fit(x[train], labels[train], epochs=12, verbose=0)
by_counting = np.mean((counting.predict(x[test], verbose=0)[:, 0] > 0.5) == labels[test])

reading = network(layers.LSTM(16, return_sequences=True))
reading.fit(x[train], np.repeat(labels[train, None, None], x.shape[1], axis=1), epochs=12, verbose=0)
opinions = reading.predict(x[test], verbose=0)[np.arange(len(x[test])), last[test], 0]
by_reading = np.mean((opinions > 0.5) == labels[test])
print(f"accuracy on new sentences: averaging {by_counting:.2f}, reading {by_reading:.2f}")
assert by_reading > 0.97 and by_counting < 0.8

# %%
# An opinion after each word
# --------------------------
# Bars start at one half, "I cannot tell". "not" turns the next word around. Before the full stop the opinion is
# cautious, because a "but" may follow, and then the second clause counts.

examples = ["the film was good .", "the film was not good .", "the plot felt dull but the music was great ."]
figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained", sharey=True, width_ratios=(5, 6, 10))
for ax, example in zip(axes, examples):
    words = example.split()
    opinions = reading.predict(np.asarray(vectorize([example])).astype("int32"), verbose=0)[0, : len(words), 0]
    ax.bar(range(len(words)), opinions - 0.5, bottom=0.5, color=np.where(opinions > 0.5, "#2f6fb5", "#d9730d"))
    ax.axhline(0.5, color="0.5", linewidth=0.8)
    ax.set_xticks(range(len(words)), words, rotation=60)
    print([f"{word} {opinion:.2f}" for word, opinion in zip(words, opinions)])
axes[0].set(ylabel="probability of praise", ylim=(0, 1))

# %%
# *Try:* give the averaging model ``ngrams=2`` in ``TextVectorization``: pairs of words become tokens, and "not good"
# is one of them.

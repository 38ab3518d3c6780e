"""Arrays, PyDatasets, generators and other iterables give the same batches as in Keras."""

import warnings

import keras
import numpy as np
import pytest

import netlet
from netlet import layers

X = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
Y = X[:, :1] * 2


def make(library=netlet):
    model = library.Sequential([library.Input((4,)), library.layers.Dense(1)])
    # Otherwise Keras compiles each step, which takes longer than running it.
    model.compile("sgd", "mse", run_eagerly=library is keras)
    return model


def trace_of(library):
    class Trace(library.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls = []

        def on_epoch_begin(self, epoch, logs=None):
            self.calls.append(f"epoch {epoch}")

        def on_train_batch_end(self, batch, logs=None):
            self.calls.append(batch)

        def on_test_batch_end(self, batch, logs=None):
            self.calls.append(f"test {batch}")

        def on_epoch_end(self, epoch, logs=None):
            self.calls.append(sorted(logs))

    return Trace()


def dataset_of(library, batches=3):
    class Logged(library.utils.PyDataset):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.calls = []

        def __len__(self):
            return batches

        def __getitem__(self, i):
            self.calls.append(i)
            return X[4 * i : 4 * i + 4], Y[4 * i : 4 * i + 4]

        def on_epoch_begin(self):
            self.calls.append("begin")

        def on_epoch_end(self):
            self.calls.append("end")

    return Logged(workers=1, use_multiprocessing=False, max_queue_size=2)


def generator(batches=None):
    i = 0
    while batches is None or i < batches:
        yield X[:4] + i, Y[:4]
        i += 1


CASES = {
    "steps of arrays": lambda lib: ((X, Y), {"steps_per_epoch": 3}),
    "steps and batch size": lambda lib: ((X, Y), {"steps_per_epoch": 3, "batch_size": 5}),
    "more steps than batches": lambda lib: ((X, Y), {"steps_per_epoch": 7, "batch_size": 5}),
    "all steps": lambda lib: ((X, Y), {"steps_per_epoch": 4, "batch_size": 5}),
    "dataset": lambda lib: ((dataset_of(lib),), {}),
    "dataset, all steps": lambda lib: ((dataset_of(lib),), {"steps_per_epoch": 3}),
    "dataset, fewer steps": lambda lib: ((dataset_of(lib),), {"steps_per_epoch": 2}),
    "dataset, more steps": lambda lib: ((dataset_of(lib),), {"steps_per_epoch": 5}),
    "endless generator": lambda lib: ((generator(),), {"steps_per_epoch": 2}),
    "long generator": lambda lib: ((generator(6),), {"steps_per_epoch": 2}),
    "validation steps": lambda lib: ((X, Y), {"validation_data": (X, Y), "validation_steps": 2}),
    "validation list": lambda lib: ((X, Y), {"validation_data": [X, Y], "validation_batch_size": 7}),
    "validation dataset": lambda lib: ((X, Y), {"validation_data": dataset_of(lib), "validation_freq": 2}),
    "validation freq": lambda lib: ((X, Y), {"validation_split": 0.5, "validation_freq": [1, 3]}),
    "endless validation": lambda lib: ((X, Y), {"validation_data": generator(), "validation_steps": 2}),
}


@pytest.mark.parametrize("case", CASES)
def test_epochs_have_the_batches_of_keras(case):
    traces = []
    for library in (netlet, keras):
        arguments, keywords = CASES[case](library)
        trace = trace_of(library)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            make(library).fit(*arguments, epochs=3, verbose=0, callbacks=[trace], **keywords)
        traces.append((trace.calls, sum("ran out of data" in str(w.message) for w in caught)))
    assert traces[0] == traces[1]


def test_a_pass_that_goes_on_takes_other_rows():
    seen = []

    class Seen(netlet.Model):
        def train_step(self, data):
            seen.append(np.asarray(data[0])[:, 0].copy())
            return super().train_step(data)

    inputs = netlet.Input((1,))
    model = Seen(inputs, layers.Dense(1)(inputs))
    model.compile("sgd", "mse", run_eagerly=True)
    rows = np.arange(12, dtype=np.float32)[:, None]
    model.fit(rows, rows, batch_size=4, steps_per_epoch=1, epochs=3, verbose=0)
    assert sorted(np.concatenate(seen)) == list(range(12))
    seen.clear()
    model.fit(rows, rows, batch_size=4, shuffle="batch", verbose=0)
    assert [sorted(part) for part in seen] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert not all((part == sorted(part)).all() for part in seen)


def test_recorded_and_eager_steps_take_the_same_rows():
    weights = []
    for eager in (False, True):
        netlet.utils.set_random_seed(4)
        model = make()
        model.compile("sgd", "mse", run_eagerly=eager)
        model.fit(X, Y, batch_size=3, steps_per_epoch=3, epochs=5, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights):
        np.testing.assert_array_equal(a, b)


def test_a_dataset_is_shuffled_by_batches_and_its_hooks_are_called():
    data = dataset_of(netlet)
    netlet.utils.set_random_seed(0)
    make().fit(data, epochs=4, verbose=0)
    epochs = [data.calls[i : i + 5] for i in range(0, 20, 5)]
    assert all(e[0] == "begin" and e[4] == "end" and sorted(e[1:4]) == [0, 1, 2] for e in epochs)
    assert any(e[1:4] != [0, 1, 2] for e in epochs)
    data.calls.clear()
    make().fit(data, shuffle=False, verbose=0)
    make().evaluate(data, verbose=0)
    assert data.calls == ["begin", 0, 1, 2, "end"] * 2


def test_an_endless_dataset():
    class Endless(netlet.utils.PyDataset):
        num_batches = None

        def __getitem__(self, i):
            return X[:4] + i, Y[:4]

    assert len(make().fit(Endless(), steps_per_epoch=2, epochs=3, verbose=0).history["loss"]) == 3


def test_a_generator_that_runs_out_ends_the_training_with_a_warning():
    with pytest.warns(UserWarning, match="Your input ran out of data; interrupting training"):
        history = make().fit(generator(3), steps_per_epoch=2, epochs=5, verbose=0).history
    assert len(history["loss"]) == 2
    with pytest.warns(UserWarning, match="ran out of data"):
        assert len(make().fit(generator(3), epochs=2, verbose=0).history["loss"]) == 1
    with pytest.warns(UserWarning, match="ran out of data"):
        history = make().fit(X, Y, validation_data=generator(3), epochs=2, verbose=0).history
    assert len(history["loss"]) == 2 and len(history["val_loss"]) == 1
    with pytest.raises(ValueError, match="at least one batch"):
        make().fit(generator(0), verbose=0)


def test_iterables_begin_again():
    class Batches:
        def __iter__(self):
            return generator(3)

    class Counted(Batches):
        def __len__(self):
            return 3

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for source in (Batches(), Counted()):
            assert len(make().fit(source, epochs=2, verbose=0).history["loss"]) == 2
            assert len(make().fit(source, epochs=2, steps_per_epoch=3, verbose=0).history["loss"]) == 2
            assert make().predict(source, verbose=0).shape == (12, 1)
            make().evaluate(source, steps=2, verbose=0)


def test_endless_data_ends_where_a_callback_says_so():
    class Stop(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 2

        def on_test_batch_end(self, batch, logs=None):
            self.model.stop_evaluating = batch == 1

        def on_predict_batch_end(self, batch, logs=None):
            assert logs["outputs"].shape == (4, 1)
            self.model.stop_predicting = batch == 2

    model = make()
    trace = trace_of(netlet)
    model.fit(generator(), epochs=9, verbose=0, callbacks=[Stop(), trace])
    assert trace.calls == ["epoch 0", 0, 1, 2, ["loss"]]
    assert np.isfinite(model.evaluate(generator(), verbose=0, callbacks=[Stop()]))
    assert model.predict(generator(), verbose=0, callbacks=[Stop()]).shape == (12, 1)
    # The same for arrays; the stop flags are cleared in each call.
    assert model.predict(X, batch_size=4, verbose=0, callbacks=[Stop()]).shape == (12, 1)
    assert model.predict(X, batch_size=4, verbose=0).shape == (20, 1)
    trace.calls.clear()
    model.fit(X, Y, batch_size=4, epochs=9, verbose=0, callbacks=[Stop(), trace])
    assert trace.calls == ["epoch 0", 0, 1, 2, ["loss"]]


def test_steps_of_evaluate_and_predict_follow_keras():
    keras.utils.set_random_seed(0)  # an output near 0 is a sum of terms that cancel
    ours, theirs = make(), make(keras)
    ours.set_weights(theirs.get_weights())
    for keywords in ({"steps": 2}, {"steps": 2, "batch_size": 5}, {"steps": 3}):
        np.testing.assert_allclose(
            ours.evaluate(X, Y, verbose=0, **keywords), theirs.evaluate(X, Y, verbose=0, **keywords), rtol=1e-5
        )
        np.testing.assert_allclose(
            ours.predict(X, verbose=0, **keywords), theirs.predict(X, verbose=0, **keywords), rtol=1e-5
        )


@pytest.mark.parametrize("eager", [False, True])
def test_predict_takes_any_form_and_any_number_of_rows(eager):
    def build():
        a, b = netlet.Input((4,), name="a"), netlet.Input((4,), name="b")
        total = layers.Add()([a, b])
        return netlet.Model([a, b], {"sum": total, "first": layers.Dense(3, "softmax")(a)})

    model = build()
    model.run_eagerly = eager
    expected = model.predict([X, X], verbose=0)
    forms = {
        "dict": {"b": X, "a": X},
        "tuple": (X, X),
        "generator": (([X[i : i + 6], X[i : i + 6]],) for i in range(0, 20, 6)),
        "dicts of a generator": ({"a": X[i : i + 6], "b": X[i : i + 6]} for i in range(0, 20, 6)),
    }
    for name, form in forms.items():
        got = model.predict(form, verbose=0)
        for key in ("sum", "first"):
            np.testing.assert_allclose(got[key], expected[key], rtol=1e-6, err_msg=name)
    rows = model.predict([X[:0], X[:0]], steps=3, verbose=0)
    assert rows["sum"].shape == (0, 4) and rows["first"].shape == (0, 3) and rows["sum"].dtype == np.float32
    with pytest.raises(ValueError, match="predict: expected at least one batch"):
        model.predict(iter([]), verbose=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.fit(X, Y, steps_per_epoch=0), "steps_per_epoch.*at least 1"),
        (lambda m: m.fit(X, Y, steps_per_epoch=-1), "steps_per_epoch.*at least 1"),
        (lambda m: m.fit(X, Y, validation_data=(X, Y), validation_steps=0), "validation_steps.*at least 1"),
        (lambda m: m.fit(X, Y, validation_data=(X, Y), validation_freq=0), "validation_freq.*at least 1"),
        (lambda m: m.fit(X, Y, validation_data=(X, Y), validation_freq=[0]), "validation_freq.*at least 1"),
        (lambda m: m.fit(X, Y, validation_data=(X, Y), validation_freq=1.5), "validation_freq.*whole number"),
        (lambda m: m.fit(X, Y, validation_batch_size=0), "validation_batch_size.*at least 1"),
        (lambda m: m.fit(X, Y, initial_epoch=-1), "initial_epoch.*at least 0"),
        (lambda m: m.fit(X, Y, shuffle="rows"), "shuffle"),
        (lambda m: m.evaluate(X, Y, steps=0), "steps.*at least 1"),
        (lambda m: m.predict(X, steps=-2), "steps.*at least 1"),
        (lambda m: m.fit(generator(), Y), "expected y in the batches"),
        (lambda m: m.fit(generator(), validation_split=0.5), r"validation_split=\): expected x as arrays"),
        (lambda m: m.evaluate(dataset_of(netlet), Y), "expected y in the batches"),
        (lambda m: m.evaluate(dataset_of(netlet), sample_weight=Y), "expected sample_weight in the batches"),
        (lambda m: m.fit((X, Y)), r"expected 1 array, received 2\. Give x and y as two arguments"),
        (lambda m: m.fit(7), "iterable"),
        (lambda m: m.fit("data.csv", Y), r"fit\(x\): expected arrays or an iterable.*received 'data.csv'"),
        (lambda m: m.fit(iter([(X, Y, Y, Y)])), r"fit: a batch: expected x.*received a tuple of 4 items"),
        (lambda m: m.fit(iter([()])), r"fit: a batch: expected x.*received a tuple of 0 items"),
        (lambda m: m.fit(X, Y, validation_data=(X, Y, Y, Y)), r"fit\(validation_data=\): .*a tuple of 4 items"),
        (lambda m: m.fit(X), "expected y, received none"),
        (lambda m: m.evaluate(X), "expected y, received none"),
        (lambda m: m.fit(iter([(X,)])), "expected y, received none"),
        (lambda m: m.fit(X, Y, validation_data=X), "expected y, received none"),
        (lambda m: m.fit(X, Y[:7]), "x has 20, y has 7"),
        (lambda m: m.evaluate(iter([(X, Y, Y[:7])])), "sample_weight has 7"),
        (lambda m: m.predict([X, X[:3]]), "x has 20, x has 3"),
        (lambda m: m.fit(X, Y, validation_data=(X[:, :3], Y)), "(?s)4.*3"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(make())


# ---- class weights ---------------------------------------------------------------------------------------------------
LABELS = np.arange(20) % 3
WEIGHTS = {0: 1.0, 1: 3.0, 2: 0.5}


def classifier(library, loss):
    model = library.Sequential([library.Input((4,)), library.layers.Dense(3, "softmax")])
    model.compile("sgd", loss, run_eagerly=library is keras)
    return model


def weighted_history(library, labels, source, **keywords):
    sparse = labels.ndim == 1 or labels.shape[-1] == 1
    model = classifier(library, f"{'sparse_' if sparse else ''}categorical_crossentropy")
    model.set_weights([np.linspace(-1, 1, 12).reshape(4, 3), np.zeros(3)])
    arguments = source(library, labels)
    return model.fit(*arguments, class_weight=WEIGHTS, shuffle=False, epochs=2, verbose=0, **keywords).history


def labelled_dataset(library, labels):
    class Labelled(library.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return X[5 * i : 5 * i + 5], labels[5 * i : 5 * i + 5]

    return (Labelled(),)


def labelled_batches(library, labels):
    return ((part for _ in range(2) for part in zip(X.reshape(4, 5, 4), np.split(labels, 4))),)


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], np.eye(3, dtype=np.float32)[LABELS]])
def test_class_weights_follow_keras(labels):
    arrays = lambda library, y: (X, y)  # noqa: E731
    # The validation rows are not weighted.
    ours = weighted_history(netlet, labels, arrays, validation_split=0.4, batch_size=5)
    theirs = weighted_history(keras, labels, arrays, validation_split=0.4, batch_size=5)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)
    theirs = weighted_history(keras, labels, labelled_dataset)
    np.testing.assert_allclose(weighted_history(netlet, labels, labelled_dataset)["loss"], theirs["loss"], rtol=1e-5)
    ours = weighted_history(netlet, labels, labelled_batches, steps_per_epoch=4)
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-5)


def test_class_weights_and_sample_weights_exclude_each_other():
    batches = [(X, LABELS, np.ones(20))]
    for arguments, keywords in (((X, LABELS), {"sample_weight": np.ones(20)}), ((iter(batches),), {})):
        with pytest.raises(ValueError, match="not both"):
            classifier(netlet, "sparse_categorical_crossentropy").fit(
                *arguments, class_weight=WEIGHTS, verbose=0, **keywords
            )


# ---- work in proportion to the steps ---------------------------------------------------------------------------------
def test_an_epoch_cut_into_slices_asks_for_its_learning_rates_once(monkeypatch):
    from netlet.training import loop

    monkeypatch.setattr(loop, "SLICE_SECONDS", 0.0)  # each native call runs one step
    asked = []

    class Schedule(netlet.optimizers.schedules.LearningRateSchedule):
        def __call__(self, steps):
            asked.append(np.size(steps))
            return np.full(np.shape(steps), 0.01)

        def get_config(self):
            return {}

    model = make()
    model.compile(netlet.optimizers.SGD(Schedule()), "mse")
    model.fit(np.tile(X, (200, 1)), np.tile(Y, (200, 1)), batch_size=1, verbose=0)
    assert int(model.optimizer.iterations) == 4000
    assert sum(asked) < 300 * 4000  # 8 million if each slice requested all remaining steps


def test_recorded_steps_are_kept_up_to_a_bound(monkeypatch):
    from netlet.training.step import StepCache

    monkeypatch.setattr(StepCache, "most_steps", 4)
    model = make()
    for rows in range(1, 11):
        model.train_on_batch(X[:rows], Y[:rows])
        model.predict_on_batch(X[:rows])
        model.train_on_batch(X[:1], Y[:1])  # the most recently used step
    cache = model._steps
    assert len(cache._steps) == 4 and len(cache.repeaters) + len(cache.predictors) == 4
    assert any(step.batch == 1 for step in cache._steps.values())
    monkeypatch.setattr(StepCache, "most_bytes", 0)
    monkeypatch.setattr(StepCache, "least_steps", 1)
    assert np.isfinite(model.train_on_batch(X[:12], Y[:12]))
    assert len(cache._steps) == 1


def test_many_batch_lengths_need_bounded_memory(monkeypatch):
    from netlet.training.step import StepCache

    model = netlet.Sequential([netlet.Input((4,)), layers.Dense(64, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.tile(X, (16, 1)), np.tile(Y, (16, 1))
    cache = model._steps

    def held():
        return sum(step.plan.arena_bytes for step in cache._steps.values())

    for rows in range(1, 200):
        model.train_on_batch(x[:rows], y[:rows])
    assert len(cache._steps) == len(cache.repeaters) == StepCache.most_steps == 64
    most = held() // 2
    monkeypatch.setattr(StepCache, "most_bytes", most)
    model.fit(((x[:rows], y[:rows]) for rows in range(200, 320, 2)), verbose=0)
    assert StepCache.least_steps <= len(cache._steps) < 64 and held() <= most

"""Keras's "Timeseries forecasting for weather prediction" on a made series; Keras cannot run it without TensorFlow."""

import numpy as np
import pandas as pd

import netlet as keras


def weather(hours=1500):
    t = np.arange(hours)
    rng = np.random.default_rng(0)
    day, year = np.sin(2 * np.pi * t / 24), np.sin(2 * np.pi * t / 700)
    temperature = 10 + 8 * year + 4 * day + rng.normal(0, 0.3, hours)
    pressure = 990 + 5 * np.cos(2 * np.pi * t / 300) + rng.normal(0, 1, hours)
    return pd.DataFrame({"p (mbar)": pressure, "T (degC)": temperature, "wv (m/s)": np.abs(rng.normal(2, 1, hours))})


def test_weather():
    keras.utils.set_random_seed(0)
    df = weather()
    split_fraction = 0.715
    train_split = int(split_fraction * int(df.shape[0]))
    step = 2
    past = 48
    future = 6
    batch_size = 64
    epochs = 4

    def normalize(data, train_split):
        data_mean = data[:train_split].mean(axis=0)
        data_std = data[:train_split].std(axis=0)
        return (data - data_mean) / data_std

    features = normalize(df.values, train_split)
    features = pd.DataFrame(features)
    train_data = features.loc[0 : train_split - 1]
    val_data = features.loc[train_split:]

    start = past + future
    end = start + train_split
    x_train = train_data[[i for i in range(3)]].values  # noqa: C416  (as in the script)
    y_train = features.iloc[start:end][[1]]
    sequence_length = int(past / step)
    dataset_train = keras.preprocessing.timeseries_dataset_from_array(
        x_train,
        y_train,
        sequence_length=sequence_length,
        sampling_rate=step,
        batch_size=batch_size,
    )
    x_end = len(val_data) - past - future
    label_start = train_split + past + future
    x_val = val_data.iloc[:x_end][[i for i in range(3)]].values  # noqa: C416
    y_val = features.iloc[label_start:][[1]]
    dataset_val = keras.preprocessing.timeseries_dataset_from_array(
        x_val, y_val, sequence_length=sequence_length, sampling_rate=step, batch_size=batch_size
    )
    for batch in dataset_train.take(1):
        inputs, targets = batch
    assert inputs.numpy().shape == (64, 24, 3) and targets.numpy().shape == (64, 1)

    inputs = keras.layers.Input(shape=(inputs.shape[1], inputs.shape[2]))
    lstm_out = keras.layers.LSTM(16)(inputs)
    outputs = keras.layers.Dense(1)(lstm_out)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse")
    es_callback = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0, patience=5)
    history = model.fit(dataset_train, epochs=epochs, validation_data=dataset_val, callbacks=[es_callback], verbose=0)
    naive = np.mean(np.concatenate([(x[:, -1, 1] - y[:, 0]) ** 2 for x, y in dataset_val]))
    losses = history.history
    assert losses["loss"][-1] < 0.5 * losses["loss"][0] and losses["val_loss"][-1] < naive
    for x, y in dataset_val.take(2):
        assert model.predict(x, verbose=0)[0].shape == (1,) and y[0].numpy().shape == (1,)

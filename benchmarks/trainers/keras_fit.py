"""Keras 3 on the torch backend: `model.fit` on arrays in memory."""

import os
import time

from benchmarks.case import Case
from benchmarks.trainers.shared import images_of
from regx.config import RunConfig


def seconds_per_epoch(case: Case) -> float:
    """Time the last epoch, from its begin hook to its end hook."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    from keras import layers

    config = RunConfig.model_validate(case.run_config())
    model, facts = config.model, config.data.facts
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if case.precision == "bf16" else "float32")
    network = keras.Sequential([keras.Input((facts.size, facts.size, facts.channels))])
    if model.family == "cnn":
        for channels in model.conv_channels:
            network.add(layers.Conv2D(channels, 3, padding="same", use_bias=not model.batch_norm))
            if model.batch_norm:
                network.add(layers.BatchNormalization())
            network.add(layers.ReLU())
            network.add(layers.MaxPooling2D(2))
    network.add(layers.Flatten())
    for units in model.hidden_sizes:
        network.add(layers.Dense(units, use_bias=not model.batch_norm))
        if model.batch_norm:
            network.add(layers.BatchNormalization())
        network.add(layers.ReLU())
    network.add(layers.Dense(facts.num_classes, dtype="float32"))
    network.compile(
        optimizer=keras.optimizers.SGD(case.lr, momentum=case.momentum),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    _, images, labels = images_of(case)
    floats = images.permute(0, 2, 3, 1).float()
    floats = (floats - floats.mean()) / floats.std()

    class Clock(keras.callbacks.Callback):
        seconds = started = 0.0

        def on_epoch_begin(self, *_arguments: object, **_options: object) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, *_arguments: object, **_options: object) -> None:
            self.seconds = time.perf_counter() - self.started

    clock = Clock()
    network.fit(
        floats.numpy(),
        labels.numpy(),
        batch_size=case.batch_size,
        epochs=case.epochs,
        verbose=0,
        callbacks=[clock],
    )
    return clock.seconds

"""Batches: complete, in an order that depends on seed and epoch alone, and what Keras makes of them."""

import threading

import keras
import numpy as np
import pytest
from tiny_recogniser import moving_square, write_clip

from common.errors import InputError
from video.dataset import ClipDataset, prepare_flow
from video.lists import Example
from video.samples import Sampler


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Ten clips whose first pixel tells them apart."""
    folder = tmp_path_factory.mktemp("clips")
    clips = [np.full((6, 16, 16, 3), 10 + 20 * i, np.uint8) for i in range(10)]
    return [Example(write_clip(folder / f"{i}.avi", clip), i % 3, f"list, line {i + 1}") for i, clip in enumerate(clips)]


def dataset(examples, **options):
    sampler = Sampler(4, 4, 16, augment=("flip", "crop", "colour", "time"))
    return ClipDataset(examples, sampler, 3, batch_size=4, **options)


def clip_numbers(batch):
    return np.rint((batch["rgb"].mean(axis=(1, 2, 3, 4)) - 10) / 20).astype(int).tolist()


def test_batches_of_inputs_and_one_hot_labels(examples):
    batches = list(dataset(examples))
    assert [batch["rgb"].shape for batch, _ in batches] == [(4, 4, 16, 16, 3), (4, 4, 16, 16, 3), (2, 4, 16, 16, 3)]
    assert [i for batch, _ in batches for i in clip_numbers(batch)] == list(range(10))
    labels = np.concatenate([labels for _, labels in batches])
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, np.eye(3)[[i % 3 for i in range(10)]])


def test_training_shuffles_anew_every_epoch(examples):
    train = dataset(examples, training=True)
    orders = []
    for epoch in range(3):
        train.start_epoch(epoch)
        orders.append(train.order().tolist())
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert orders[0] != orders[1] != orders[2]


def test_order_and_changes_follow_from_seed_and_epoch_alone(examples):
    went = dataset(examples, training=True, seed=7)
    list(went)
    went.start_epoch(1)
    started = dataset(examples, training=True, seed=7)
    started.start_epoch(1)
    for (a, _), (b, _) in zip(went, reversed([started[i] for i in (2, 1, 0)]), strict=True):
        np.testing.assert_array_equal(a["rgb"], b["rgb"])
    other = dataset(examples, training=True, seed=8)
    other.start_epoch(1)
    assert any((a["rgb"] != b["rgb"]).any() for (a, _), (b, _) in zip(started, other, strict=True))


class Seen(ClipDataset):
    """Remembers which (epoch, batch) was made, and in how many threads."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.made, self.threads = [], set()

    def __getitem__(self, index):
        self.made.append((self.epoch, index))
        self.threads.add(threading.get_ident())
        return super().__getitem__(index)


@pytest.mark.parametrize("workers", [1, 4])
def test_keras_gets_every_batch_of_every_epoch_once_in_order(examples, workers):
    train = Seen(examples, Sampler(4, 4, 16), 3, 4, training=True, workers=workers, max_queue_size=2)
    clip = keras.Input((4, 16, 16, 3), dtype="uint8", name="rgb")
    outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling3D()(keras.layers.Rescaling(1 / 255)(clip)))
    model = keras.Model({"rgb": clip}, outputs)
    given = []

    def loss(y, p):
        given.append(np.argmax(y, 1).tolist())
        return keras.losses.categorical_crossentropy(y, p)

    model.compile("sgd", loss, run_eagerly=True)
    callback = keras.callbacks.LambdaCallback(on_epoch_begin=train.start_epoch)
    model.fit(train, epochs=3, shuffle=False, verbose=0, callbacks=[callback])
    assert sorted(train.made[-9:]) == [(epoch, batch) for epoch in range(3) for batch in range(3)]
    assert len(train.made) <= 9 + 2  # Keras looks at the first batches once more before it starts, to see what they are like
    expected = []
    for epoch in range(3):
        train.start_epoch(epoch)
        expected += [(train.order()[i : i + 4] % 3).tolist() for i in (0, 4, 8)]
    assert given[-9:] == expected
    assert workers == 1 or len(train.threads) > 2


def test_clip_that_vanished_is_named_and_kept_as_the_failure(examples, tmp_path):
    broken = [*examples[:2], Example(tmp_path / "gone.avi", 0, "list, line 3")]
    with pytest.raises(InputError, match=r"list, line 3: no video at .*gone.avi"):
        list(ds := dataset(broken))
    assert "line 3" in str(ds.failure)


def test_flow_is_made_for_each_clip_once(tmp_path):
    path = write_clip(tmp_path / "square.avi", moving_square(1))
    examples = [Example(path, 0, "list, line 1"), Example(path, 1, "list, line 2")]
    sampler = Sampler(4, 4, 16, "Flow", "tvl1")
    prepare_flow(examples, sampler, workers=2)
    (file,) = tmp_path.glob(".flow/*")
    changed = file.stat().st_mtime_ns
    ((batch, _),) = ClipDataset(examples, sampler, 2, batch_size=2)
    assert batch["flow"].shape == (2, 4, 16, 16, 2)
    assert file.stat().st_mtime_ns == changed

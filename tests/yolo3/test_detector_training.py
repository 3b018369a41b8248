"""Training: the network that learns computes what the Detector computes, and it learns."""

import cv2
import keras
import numpy as np
import pytest
from darknet_files import opencv_rows, with_scores, write_random_weights

from yolo3 import cfg as cfgs
from yolo3 import examples, network, targets, training
from yolo3 import weights as files
from yolo3.adapt import adapted
from yolo3.loss import YoloLoss

TINY = """[net]
width=64
height=64
[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky
[convolutional]
batch_normalize=1
filters=8
groups=8
size=3
pad=1
activation=leaky
[convolutional]
batch_normalize=1
filters=16
size=3
stride=2
pad=1
activation=leaky
[convolutional]
batch_normalize=1
filters=24
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=12
size=1
activation=linear
[yolo]
mask=1,2
anchors=6,8, 10,20, 20,30
num=3
classes=1
scale_x_y=2
[route]
layers=-4
[convolutional]
filters=6
size=1
activation=linear
[yolo]
mask=0
anchors=6,8, 10,20, 20,30
num=3
classes=1
scale_x_y=2
"""


@pytest.fixture
def cfg(tmp_path):
    path = tmp_path / "tiny.cfg"
    path.write_text(TINY)
    return cfgs.read(path)


@pytest.fixture
def drawn(tmp_path):
    """24 noisy pictures, each with one white upright rectangle, as a data set."""
    rng = np.random.default_rng(0)
    for i in range(24):
        image = rng.integers(0, 90, (64, 64, 3), np.uint8)
        left, top = (int(value) for value in rng.integers(4, [48, 38]))
        cv2.rectangle(image, (left, top), (left + 11, top + 21), (240, 240, 240), -1)
        path = tmp_path / f"set/r{i % 6}/{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
        examples.write_labels(path.with_suffix(".txt"), examples.to_rows(np.float32([[left, top, left + 12, top + 22]]), [0], [1], 64, 64))
    return examples.find(tmp_path / "set")


def pictures(cfg, count=2):
    return np.random.default_rng(5).integers(0, 255, (count, cfg.height, cfg.width, 3)).astype(np.uint8)


def test_trained_weights_compute_the_same_for_the_detector_and_opencv(tmp_path, cfg):
    """Through a .weights file: batch norm apart and raw heads here, folded and decoded there, and OpenCV's own reader."""
    model = training.build(cfg, files.read_apart(write_random_weights(tmp_path / "a.weights", cfg), cfg))
    files.write(tmp_path / "b.weights", cfg, training.read_values(model, cfg))
    assert (tmp_path / "b.weights").read_bytes()[20:] == (tmp_path / "a.weights").read_bytes()[20:]
    raw = model(pictures(cfg), training=False)
    boxes = np.asarray(YoloLoss(targets.rows(cfg)).decode(raw)) / np.float32([64, 64, 64, 64])
    mine = np.concatenate([boxes, 1 / (1 + np.exp(-np.asarray(raw)[..., 4:]))], axis=-1)
    detector = np.asarray(network.build(cfg, files.read(tmp_path / "b.weights", cfg))(pictures(cfg)))
    assert np.abs(mine - detector).max() < 1e-3
    opencv = opencv_rows(TINY, tmp_path / "b.weights", pictures(cfg)[0])
    assert np.abs(with_scores(detector[0]) - opencv).max() < 1e-3


def test_a_fresh_network_expects_few_boxes(cfg):
    keras.utils.set_random_seed(0)
    raw = np.asarray(training.build(cfg)(pictures(cfg), training=False))
    assert raw.shape == (2, 64 * 2 + 256, 6)
    assert 0.002 < (1 / (1 + np.exp(-raw[..., 4]))).mean() < 0.05
    assert np.asarray(training.build(cfg)(np.zeros((1, 32, 96, 3), np.uint8))).shape == (1, 4 * 12 * 2 + 8 * 24, 6)  # any size


def test_weights_of_other_shapes_stay_new(tmp_path, cfg):
    """Another number of classes: the heads start afresh, everything before them is taken over."""
    start = files.read_apart(write_random_weights(tmp_path / "a.weights", cfg), cfg)
    (tmp_path / "two.cfg").write_text(adapted(cfg.path, classes=2))
    two = cfgs.read(tmp_path / "two.cfg")
    model = training.build(two)
    assert training.load_values(model, two, start) == 2
    assert (model.get_layer("convolutional_2").get_weights()[0] == start[2][0]).all()


def test_the_average_follows_slowly_after_a_quick_start():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.float32([[0.0]])])
    average = training.Average(model)
    model.set_weights([np.float32([[1.0]])])
    average.update(model)
    assert average.values[0] == pytest.approx(0.9)  # the first step: decay 1/10
    average.steps = 10**6
    average.values[0][:] = 0
    average.update(model)
    assert average.values[0] == pytest.approx(1 - training.AVERAGE)


def test_the_rate_rises_and_falls():
    pace, rates = training.Pace(1000), []
    for pace.step in range(1000):
        rates.append(pace.rate)
    assert np.argmax(rates) == 30 and max(rates) == pytest.approx(1)
    assert rates[0] < 0.05 and rates[-1] == pytest.approx(training.LAST_RATE, abs=1e-3)
    assert (np.diff(rates[31:]) < 0).all()


def test_batches_hold_every_picture_once_and_repeat_themselves(cfg, drawn):
    rows = targets.rows(cfg)
    read = training.Pictures(drawn, 1)
    sources = [read, training.Pictures(drawn[:8], 1)]
    batches = [list(training.Batches(sources, rows, 1, 8, 0.5, [seed, 1], workers=2)) for seed in (0, 0, 1)]
    assert [len(one) for one in batches] == [4, 4, 4]
    assert all((a[0] == b[0]).all() and (a[1] == b[1]).all() for a, b in zip(*batches[:2], strict=True))
    assert (batches[0][0][0] != batches[2][0][0]).any()
    seen = []
    chosen = training.Batches(sources, rows, 1, 8, 0.0, [0, 1])
    chosen._example = lambda source, i: (np.zeros(1), seen.append((source, i)) or np.zeros(1))
    by_labels = np.concatenate([batch[2] for batch in chosen])
    assert sorted(seen) == [(0, i) for i in range(24)] + [(1, i) for i in range(8)]
    assert (by_labels == 1).sum() == 24 and (by_labels == 0).sum() == 8


def test_it_learns_to_find_what_is_drawn(tmp_path, cfg, drawn):
    keras.utils.set_random_seed(0)
    held = [one for one in drawn if one.recording == "r5"]
    others = [one for one in drawn if one.recording != "r5"] * 6
    pace = training.Pace(5 * 30)
    epochs = list(training.train(training.build(cfg), cfg, others, held, pace, tmp_path / "a.weights", batch_size=4, learning_rate=0.01))
    assert len(epochs) == 5 and epochs[-1].pictures == 5 * 120
    assert (epochs[0].width, epochs[-1].width) == (48, 64)
    best = max(epoch.ap50 for epoch in epochs)  # losses of other sizes, with and without mosaics, are no measure
    assert epochs[-1].ap50 > 0.9 and best > epochs[0].ap50, epochs
    # What was written is the best average, and what the Detector reads of it scores the same.
    judge = training.Judge(cfg, held)
    assert judge(files.read_apart(tmp_path / "a.weights", cfg)) == pytest.approx(best)

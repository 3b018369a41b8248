"""predict.py --draw bars: a panel beside the picture that tells each stream's scores apart."""

import keras
import numpy as np
import pytest
from tiny_recogniser import moving_square, write_clip
from tiny_streams import TINY_STREAMS

import models
import predict
from models.run import Run
from video import draw_bars
from video.io import open_video

CLASSES = ["left", "right"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A fused run of two small streams, the motion stream counting three times, and a video beside it."""
    monkeypatch.setitem(models.RECOGNISERS, "tiny_streams", TINY_STREAMS)
    keras.utils.set_random_seed(0)
    streams = [models.build("tiny_streams", 2, mode) for mode in ("RGB", "Flow")]
    facts = {"recogniser": "tiny_streams", "mode": "Fuse", "classes": CLASSES, "frames": 4, "window": 4, "size": 16, "fps": None}
    run = Run.create(tmp_path / "both", facts | {"region": "frame", "context": 1.2, "flow": "dis", "threshold": 0.5})
    models.fuse(*streams, weights=(1, 3)).save(run.model_path)
    write_clip(tmp_path / "video.avi", moving_square(1, frames=24, size=96))
    return run


def test_each_stream_says_what_it_says_alone(run):
    model = run.load_model()
    random = np.random.default_rng(0)
    clip = {name: random.integers(0, 256, (3, *shape), np.uint8) for name, shape in models.input_shapes("Fuse", 4, 16).items()}
    said = models.by_stream(model).predict_on_batch(clip)
    assert said.shape == (3, 3, 2)
    for i, name in enumerate(("rgb", "flow")):
        stream = model.get_layer(f"{name}_stream")
        np.testing.assert_allclose(said[:, i], keras.ops.softmax(stream({name: clip[name]})), atol=1e-6)
    np.testing.assert_allclose(said[:, 2], model.predict_on_batch(clip), atol=1e-6)
    assert np.abs(said[:, 0] - said[:, 1]).max() > 1e-3


@pytest.mark.parametrize("runtime", ["openvino", "keras"])
def test_the_video_is_wider_and_the_table_holds_the_fused_scores(run, tmp_path, main_of, monkeypatch, rows, runtime):
    drawn, group = [], draw_bars.Bars._group
    monkeypatch.setattr(draw_bars.Bars, "_group", lambda *given: drawn.append(given[3:]) or group(*given))
    output = tmp_path / runtime
    flags = ("--video", tmp_path / "video.avi", "--output", output, "--runtime", runtime, "--draw", "bars", "--stride", 4, "--smooth", 1)
    main_of(predict, "--path", run.folder, *flags)
    assert [title for title, _ in drawn[-3:]] == ["spatial", "motion", "fused"]
    spatial, motion, fused = (scores for _, scores in drawn[-3:])
    mean = np.exp((np.log(spatial) + 3 * np.log(motion)) / 4)
    np.testing.assert_allclose(fused, mean / mean.sum(), atol=2e-3)
    assert [float(rows(output / "video_actions.csv")[-1][name]) for name in CLASSES] == pytest.approx(fused.tolist(), abs=1e-4)
    with open_video(output / "video_actions.mp4") as video:
        assert (video.height, video.width) == (96, 96 + draw_bars.Bars(CLASSES, ["", "", ""], 96).width)

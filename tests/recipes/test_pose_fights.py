"""Two networks' answers about a clip, and which window's poses belong to which window's motion."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from recipes.gather import Windows
from recipes.pose_fights import highest, in_order


def network(name, width):
    """Probabilities of three classes straight from numbers, in a layer "descriptors" that changes nothing."""
    rows = keras.Input((width,), name=name)
    x = keras.layers.Identity(name="descriptors")(rows)
    return keras.Model({name: rows}, keras.layers.Softmax()(keras.layers.Dense(3, kernel_initializer="identity", use_bias=False)(x)))


def test_both_is_the_mean_of_logits_and_a_clip_without_persons_scores_0():
    runs = {way: SimpleNamespace(load_model=lambda way=way: network(way, 3)) for way in ("pose", "motion")}
    pose, motion = (np.random.default_rng(seed).normal(0, 2, (5, 3)).astype(np.float32) for seed in (0, 1))
    clips = [[(part[:2],), (np.zeros(0, np.float32),), (part[2:],)] for part in (motion, pose)]
    found = highest(runs, *clips)
    for way, logits in {"pose": pose, "motion": motion, "both": (pose + motion) / 2}.items():
        fight = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))[:, 0]
        np.testing.assert_allclose(found[way], [fight[:2].max(), 0, fight[2:].max()], rtol=1e-4)


def test_poses_go_to_the_windows_of_the_same_person_and_time():
    known = Windows(np.array([2, 1, 2]), np.array([1.0, 1.0, 1.5333334]), np.zeros((3, 4), np.float32), np.zeros((0, 7)))
    poses = np.arange(3, dtype=np.float32)[:, None, None, None] * np.ones((3, 8, 17, 3), np.float32)
    again = Windows(np.array([1, 2, 2]), np.array([1.0, 1.5333333, 1.0]), poses, np.zeros((0, 7)))
    assert in_order(again, known, 8, 17)[:, 0, 0, 0].tolist() == [2, 0, 1]
    with pytest.raises(KeyError):
        in_order(again._replace(track_id=np.array([1, 2, 3])), known, 8, 17)

"""Poses learn from weak labels by the same loss as numbers about motion, and people are found again where they were."""

import numpy as np

from recipes.gather import Windows, replayed
from recipes.weak_labels import PEOPLE, make_bags
from recipes.weak_labels import _loss as padded_loss
from recipes.weak_poses import BATCH, WeakBatches, _loss, train
from video.io import Frame

RNG = np.random.default_rng(0)


def clip(fight, windows):
    """Somebody stands, or waves a hand wildly in one of the windows of a fight."""
    body = RNG.normal(0, 1, (17, 2))
    poses = np.broadcast_to(body, (windows, 8, 17, 2)) + RNG.normal(0, 0.02, (windows, 8, 17, 2))
    if fight:
        poses[RNG.integers(windows), :, 9] += np.cos(np.pi * np.arange(8))[:, None]
    action = np.zeros((windows, 3), np.float32)
    action[:, 1] = not fight
    poses = np.concatenate([poses, np.ones((windows, 8, 17, 1))], axis=-1).astype(np.float32)
    return poses, RNG.uniform(0.5, 1, windows), int(fight), action


def test_the_loss_is_that_of_padded_bags():
    bags = make_bags([clip(i % 2, 1 + i % 5) for i in range(BATCH)])
    batches = WeakBatches(bags, "coco17", seed=0)
    assert len(batches) == 1
    poses, truth = batches[0]
    assert poses["pose"].shape == (int((bags.weight > 0).sum()), 8, 17, 3) and truth.shape == (len(poses["pose"]), 6)
    order = np.random.default_rng([0, 0]).permutation(BATCH)
    logits = RNG.normal(0, 2, (BATCH, PEOPLE, 3)).astype(np.float32)
    fight = np.broadcast_to(bags.fight[order, None, None], (BATCH, PEOPLE, 1))
    padded = np.concatenate([bags.action[order], bags.weight[order][..., None], fight], axis=-1).astype(np.float32)
    expected = np.mean(padded_loss(padded, logits[:, :, None]))
    np.testing.assert_allclose(_loss(truth, logits[bags.weight[order] > 0]), expected, rtol=1e-4)


def test_half_of_the_clips_it_learned_from_are_fights_to_it():
    clips = [clip(i % 2, 2) for i in range(BATCH)]
    model = train(make_bags([(poses[:, :4], *rest) for poses, *rest in clips]), "coco17", seed=0, epochs=1)
    scores = np.asarray(model({"pose": np.concatenate([poses[:, :4] for poses, *_ in clips])}, training=False))[:, 0]
    assert np.ptp(scores) > 0.01 and abs(np.sum(scores.reshape(-1, 2).max(axis=1) >= 0.5) - BATCH / 2) <= 1


def test_people_are_there_again_as_they_were():
    boxes = np.array([[0, 1, 1, 2, 3, 4, 0.9], [0.04, 1, 2, 2, 4, 4, 0.8], [0.04, 2, 5, 5, 9, 9, 0.7]], np.float32)
    frames = [Frame(i + 1, i / 25, np.zeros((4, 4, 3), np.uint8)) for i in range(3)]
    known = Windows(np.array([1]), np.array([0.08]), np.zeros((1, 5), np.float32), boxes)
    again = [persons for _, persons in replayed(known)(frames)]
    seen = [{p.track_id: p.tlbr.tolist() for p in persons if p.missed == 0} for persons in again]
    assert seen == [{1: [1, 2, 3, 4]}, {1: [2, 2, 4, 4], 2: [5, 5, 9, 9]}, {}]
    assert {p.track_id for p in again[0]} == {1, 2}
    assert {p.track_id for p in again[2]} == {1}  # lost, and remembered, as there is a window; the other is forgotten

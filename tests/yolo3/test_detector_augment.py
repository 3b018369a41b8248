"""Random changes to training pictures: the boxes go where the people go."""

import cv2
import numpy as np
import pytest

from yolo3 import augment

SIZE = 96, 64  # of the training pictures


@pytest.fixture
def example():
    """A black picture with one white rectangle, and its label."""
    image = np.zeros((90, 160, 3), np.uint8)
    cv2.rectangle(image, (40, 20), (79, 59), (255, 255, 255), -1)
    return image, np.float32([[0, 60 / 160, 40 / 90, 40 / 160, 40 / 90, 0.7]])


def white(picture):
    """tlbr of the bright pixels."""
    ys, xs = np.nonzero(picture.min(axis=2) > 180)
    return np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])


@pytest.mark.parametrize("seed", range(8))
def test_boxes_follow_the_picture(example, seed):
    picture, (row,) = augment.place(*example, *SIZE, np.random.default_rng(seed), (0.7, 1.0), SIZE)
    assert picture.shape == (64, 96, 3) and row[5] == np.float32(0.7)
    half = row[3:5] / 2
    assert np.abs(np.concatenate([row[1:3] - half, row[1:3] + half]) * (96, 64, 96, 64) - white(picture)).max() <= 2


def test_it_mirrors_scales_and_moves(example):
    draws = [augment.place(*example, *SIZE, np.random.default_rng(seed), (0.5, 1.5), SIZE)[1] for seed in range(40)]
    rows = np.concatenate(draws)
    assert rows[:, 3].max() > 1.8 * rows[:, 3].min() and np.ptp(rows[:, 1]) > 0.4


def test_of_four_pictures_all_boxes_are_kept_inside(example):
    picture, rows = augment.draw(lambda i: example, 0, 4, *SIZE, np.random.default_rng(3), mosaic=1.0)
    assert picture.shape == (64, 96, 3) and picture.dtype == np.uint8
    assert 2 <= len(rows) <= 4 + augment.GUESTS and (rows[:, 1:5] >= 0).all() and (rows[:, 1:5] <= 1).all()
    assert (rows[:, 1] < 0.5).any() and (rows[:, 1] > 0.5).any()


def test_what_is_hardly_left_in_the_picture_is_no_label(example):
    labels = np.float32([[0, 0.5, 0.5, 0.2, 0.2, 1]])
    assert len(augment._cut(labels * (1, 100, 100, 100, 100, 1), 100, 100)) == 1
    assert len(augment._cut(np.float32([[0, 0, 50, 40, 20, 1]]), 100, 100)) == 1  # half of it
    assert len(augment._cut(np.float32([[0, -15, 50, 40, 20, 1]]), 100, 100)) == 0


def test_the_same_seed_gives_the_same_picture(example):
    first, again, other = (augment.draw(lambda i: example, 0, 4, *SIZE, np.random.default_rng(seed), 0.5)[0] for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_colours_change_and_stay_a_picture():
    image = np.random.default_rng(0).integers(0, 255, (32, 48, 3), np.uint8)
    changed = [augment.colour(image, np.random.default_rng(seed)) for seed in range(20)]
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in changed)
    means = [one.mean() for one in changed]
    assert np.ptp(means) > 30
    assert any((one[..., 0] == one[..., 2]).all() for one in changed)  # grey


def test_a_guest_is_where_its_label_says(example):
    dark = np.full((64, 96, 3), 20, np.uint8)
    picture, rows = augment.paste(dark, np.empty((0, 6), np.float32), *example, np.random.default_rng(0))
    assert dark.max() == 20 and rows.shape == (1, 6) and rows[0, 5] == np.float32(0.7)
    ys, xs = np.nonzero(picture.min(axis=2) > 40)
    seen = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
    half = rows[0, 3:5] / 2
    assert np.abs(np.concatenate([rows[0, 1:3] - half, rows[0, 1:3] + half]) * (96, 64, 96, 64) - seen).max() <= 4


def test_only_certain_objects_are_guests(example):
    image, labels = example
    labels = labels * np.float32([1, 1, 1, 1, 1, 0.5])
    picture, rows = augment.paste(image, labels, image, labels, np.random.default_rng(0))
    assert picture is image and rows is labels


def test_what_a_guest_covers_counts_for_less():
    labels = np.float32([[0, 0.2, 0.2, 0.2, 0.2, 1], [0, 0.8, 0.8, 0.2, 0.2, 1], [0, 0.5, 0.5, 0.2, 0.2, 0.9]])
    rows = augment._covered(labels, np.float32([0.2, 0.0, 0.61, 0.61]))
    assert np.allclose(rows[:, 1], [0.2, 0.8]) and np.allclose(rows[:, 5], [0.5 / augment.ENOUGH, 1], atol=1e-5)

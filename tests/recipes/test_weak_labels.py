"""From clips of which only the class is known, the window that makes the difference is learned."""

import keras
import numpy as np
import pytest

from models.motion import head
from recipes.weak_labels import PEOPLE, make_bags, train

RNG = np.random.default_rng(0)


def clip(fight, known=False, windows=4):
    """Windows of noise in 6 numbers; in a fight one of them, anywhere, has a high first number; a walker has a high second."""
    rows = RNG.normal(size=(windows, 6)).astype(np.float32)
    action = np.zeros((windows, 3), np.float32)
    if fight:
        rows[RNG.integers(windows), 0] += 5
    if known:
        walks = RNG.random(windows) < 0.5
        rows[walks, 1] += 5
        action[np.arange(windows), 1 + walks] = 1
    return rows, np.ones(windows), int(fight), action


def test_of_a_fight_the_surest_windows_count():
    rows, _, fight, action = clip(True, windows=PEOPLE + 2)
    weight = np.arange(PEOPLE + 2) / 10 + 0.1
    bags = make_bags([(rows, weight, fight, action), clip(False, windows=2), (rows[:0], weight[:0], 0, action[:0])])
    assert bags.descriptors.shape == (2, PEOPLE, 6) and bags.fight.tolist() == [1, 0]
    np.testing.assert_allclose(bags.weight[0], weight[:1:-1], rtol=1e-6)
    np.testing.assert_array_equal(bags.descriptors[0], rows[:1:-1])
    assert (bags.weight[1] > 0).tolist() == [True] * 2 + [False] * (PEOPLE - 2)


def test_without_a_fight_all_windows_count():
    rows, weight, fight, action = clip(False, known=True, windows=2 * PEOPLE + 1)
    bags = make_bags([(rows, weight, fight, action)])
    assert bags.fight.tolist() == [0, 0, 0] and (bags.weight > 0).sum() == 2 * PEOPLE + 1
    np.testing.assert_array_equal(bags.descriptors[bags.weight > 0], rows)
    np.testing.assert_array_equal(bags.action[bags.weight > 0], action)


@pytest.fixture(scope="module")
def answer():
    """The trained network: (n, 6) -> (n, 3) probabilities."""
    weights = train(make_bags([clip(i % 2, known=not i % 2) for i in range(80)]), seed=0)
    x = keras.Input((6,))
    model = keras.Model(x, head(x, 3))
    for name, arrays in weights.items():
        model.get_layer(name).set_weights(arrays)
    return lambda rows: model.predict_on_batch(np.asarray(rows, np.float32))


def test_the_window_that_fights_is_found(answer):
    fights = [answer(clip(True)[0])[:, 0].max() for _ in range(40)]
    others = [answer(clip(False)[0])[:, 0].max() for _ in range(40)]
    assert np.mean(np.array(fights) >= 0.5) > 0.85 and np.mean(np.array(others) >= 0.5) < 0.15


def test_known_windows_teach_the_other_classes(answer):
    rows, _, _, action = clip(False, known=True, windows=60)
    assert (answer(rows)[:, 1:].argmax(1) == action[:, 1:].argmax(1)).mean() > 0.9

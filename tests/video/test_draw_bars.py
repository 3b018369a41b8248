"""The panel of bars beside the picture."""

import numpy as np
import pytest

from video.draw import class_colours
from video.draw_bars import BACKGROUND, TRACK, Bars
from video.recognise import Answer

CLASSES = ["run", "walk", "a class with a name that nobody can write in so narrow a panel"]
BOX = (10, 10, 40, 90)


def answer(*scores, streams=None):
    return Answer(CLASSES[int(np.argmax(scores))], max(scores), np.float32(scores), 0.0, streams)


def lengths(panel, colour):
    """Pixels of `colour` in the row of the panel that has most of them, for each run of rows that have any."""
    found = (panel == np.array(colour, np.uint8)).all(axis=2).sum(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], found > 0, [0]])))
    return [int(found[a:b].max()) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_bars_are_as_long_as_the_scores_the_surest_first():
    bars = Bars(CLASSES, ["motion"], 240)
    panel = bars.draw([(1, BOX, answer(0.2, 0.75, 0.05))])
    assert panel.shape == (240, bars.width, 3) and bars.width % 2 == 0
    colours = class_colours(CLASSES)
    whole = bars.width - 5
    for name, score in zip(CLASSES, (0.2, 0.75, 0.05), strict=True):
        assert lengths(panel, colours[name]) == [pytest.approx(score * whole, abs=2)]
    first, second = (int(np.flatnonzero((panel == colours[name]).all(2).any(1))[0]) for name in ("walk", "run"))
    assert first < second


def test_a_group_for_each_stream_and_the_whole():
    panel = Bars(CLASSES, ["spatial", "motion", "fused"], 300).draw(
        [(1, BOX, answer(0.5, 0.5, 0, streams=np.float32([[1, 0, 0], [0, 1, 0]])))]
    )
    whole = panel.shape[1] - 5
    colours = class_colours(CLASSES)
    assert lengths(panel, colours["run"]) == pytest.approx([whole, 1, whole / 2], abs=2)
    assert lengths(panel, colours["walk"]) == pytest.approx([1, whole, whole / 2], abs=2)


def test_of_several_persons_the_tallest_and_nothing_while_nobody_has_an_answer():
    bars = Bars(CLASSES, ["motion"], 120)
    assert (bars.draw([]) == BACKGROUND).all() and (bars.draw([(3, BOX, None)]) == BACKGROUND).all()
    small, tall = (1, (0, 0, 9, 50), answer(1, 0, 0)), (2, (0, 0, 9, 80), answer(0, 1, 0))
    panel = bars.draw([small, tall, (3, (0, 0, 9, 99), None)])
    assert lengths(panel, class_colours(CLASSES)["walk"]) == [pytest.approx(bars.width - 5, abs=2)]


@pytest.mark.parametrize("height", [16, 48, 144, 1080])
def test_every_height_has_room_for_a_bar_of_each_group(height):
    panel = Bars(CLASSES, ["spatial", "motion", "fused"], height).draw(
        [(1, BOX, answer(0.5, 0.3, 0.2, streams=np.float32([[0.1] * 3] * 2)))]
    )
    assert panel.shape[0] == height and len(lengths(panel, TRACK)) >= 3

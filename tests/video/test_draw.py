import numpy as np
import pytest

from video.draw import UNKNOWN, class_colours, draw_people


def test_every_class_has_its_own_clear_colour():
    colours = class_colours(["Fighting", "Standing", "Walking", "Running", "Sitting"])
    rows = np.array([c for name, c in colours.items() if name != UNKNOWN], int)
    distance = np.abs(rows[:, None] - rows[None]).max(-1)[~np.eye(len(rows), dtype=bool)]
    assert distance.min() > 90
    assert class_colours(["a", "b"])["b"] == class_colours(["x", "b", "c"])["b"]


@pytest.mark.parametrize("box", [(50, 60, 90, 150), (-20, -30, 20, 40), (290, 180, 340, 260), (0, 0, 320, 240)])
def test_box_and_label_are_drawn_inside_the_picture(box):
    image = np.full((240, 320, 3), 90, np.uint8)
    draw_people(image, [(box, "12 Fighting 0.97", (0, 0, 255))])
    changed = (image != 90).any(-1)
    red = (image == (0, 0, 255)).all(-1)
    assert image.shape == (240, 320, 3) and red.sum() > 300
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert columns[-1] - columns[0] >= 100  # the whole text fits, wherever the box is
    assert rows[-1] - rows[0] >= 13


def test_letters_beyond_ascii_are_not_question_marks():
    pictures = []
    for text in ("Kämpfen", "K?mpfen", "Дракa"):
        image = np.zeros((100, 200, 3), np.uint8)
        draw_people(image, [((5, 40, 60, 90), text, (0, 200, 0))])
        pictures.append(image)
    assert (pictures[0] != pictures[1]).any() and (pictures[0] != pictures[2]).any()


@pytest.mark.parametrize("shape", [(1, 1), (8, 500), (500, 8)])
def test_tiny_pictures_do_not_crash(shape):
    image = np.zeros((*shape, 3), np.uint8)
    draw_people(image, [((0, 0, shape[1], shape[0]), "1 Standing 0.50", (255, 0, 0))])
    assert image.shape == (*shape, 3)


def test_labels_of_neighbours_do_not_cover_each_other():
    """Each label has its own colour: with room around, as much of both is seen as of each one alone."""
    people = [((100, 100, 130, 180), "1 Fighting 0.97", (0, 0, 255)), ((125, 100, 160, 180), "2 Fighting 0.97", (255, 0, 0))]

    def ink(shown, colour):
        image = np.zeros((300, 400, 3), np.uint8)
        draw_people(image, shown)
        return (image == colour).all(-1).sum()

    for one in people:
        assert ink(people, one[2]) > 0.9 * ink([one], one[2])

import pytest

from video.timeline import Timeline


def test_the_nearest_answer_counts():
    answers = Timeline()
    for time_s, answer in ((1.0, "Standing"), (3.0, "Fighting"), (2.0, "Walking")):
        answers.add(7, time_s, answer)
    assert [answers.at(7, t) for t in (0.0, 1.4, 1.5, 1.6, 2.6, 9.0)] == [
        "Standing",
        "Standing",
        "Standing",
        "Walking",
        "Fighting",
        "Fighting",
    ]
    assert answers.at(8, 1.0) is None


@pytest.mark.parametrize("keep, expected", [({7}, "Fighting"), (set(), None)])
def test_what_is_over_is_forgotten_and_people_who_may_come_back_are_not(keep, expected):
    answers = Timeline()
    answers.add(7, 1.0, "Walking")
    answers.add(7, 2.0, "Fighting")
    answers.add(9, 9.0, "Standing")  # comes later
    answers.forget(5.0, keep)
    assert answers.at(7, 5.0) == expected and answers.at(7, 0.0) == expected
    assert answers.at(9, 9.0) == "Standing"

import json

import numpy as np
import pytest

from common.errors import InputError
from video.people import People

HEADER = "frame,track_id,left,top,width,height,score\n"


def write_video(folder, name, rows, source=None, fps=25.0):
    """An extracted video of 200×100 pixels: `rows` are frame, track id, left, top, width, height."""
    place = folder / name
    place.mkdir(parents=True)
    place.joinpath("tracks.csv").write_text(HEADER + "".join(",".join(map(str, row)) + ",0.9\n" for row in rows))
    about = {"source": str(source or folder / f"{name}.mp4"), "fps": fps, "width": 200, "height": 100, "frames": 300}
    place.joinpath("video.json").write_text(json.dumps(about))
    return place


@pytest.fixture
def people(tmp_path):
    """In hall, track 3 walks right by a pixel a frame and is seen in frames 11 to 110 but not in 61 to 70; track 4 in three frames."""
    walk = [(number, 3, number, 20, 40, 50) for number in range(11, 111) if not 61 <= number <= 70]
    write_video(tmp_path / "persons", "hall", [*walk, *((number, 4, 0, 0, 10, 10) for number in (1, 2, 3))], tmp_path / "hall.mp4")
    write_video(tmp_path / "persons", "empty", [], tmp_path / "empty.mp4")
    return People(tmp_path / "persons")


def test_a_clip_is_of_its_track_and_frames(people, tmp_path):
    whole, first, last = (people.of(f"clips/Walking/hall_3_15-100{part}.avi") for part in ("", "_first", "_last"))
    assert whole.video == tmp_path / "hall.mp4"
    assert (whole.numbers[0], whole.numbers[-1], len(whole.numbers)) == (15, 100, 76)
    assert (first.numbers[0], first.numbers[-1], len(first.numbers)) == (15, 88, 64)  # ten frames without the person between
    assert (last.numbers[0], last.numbers[-1], len(last.numbers)) == (27, 100, 64)


def test_a_whole_video_is_of_who_is_seen_longest(people, tmp_path):
    seen = people.of(tmp_path / "hall.mp4")
    assert (seen.numbers[0], seen.numbers[-1]) == (11, 110)


def test_boxes_are_shares_of_the_picture_and_go_on_where_nobody_looked(people, tmp_path):
    seen = people.of(tmp_path / "hall.mp4")
    np.testing.assert_allclose(seen.box(10), [11 / 200, 0.2, 51 / 200, 0.7], atol=1e-6)  # position 10 is frame 11
    np.testing.assert_allclose(seen.box(64), [65 / 200, 0.2, 105 / 200, 0.7], atol=1e-6)
    np.testing.assert_allclose(seen.box(0), seen.box(10))


def test_at_another_rate_positions_are_others(people, tmp_path):
    """At 5 of 25 frames per second, frame 11 is position 2, and frame 110 nearest to 22."""
    seen = people.of(tmp_path / "hall.mp4")
    assert seen.span() == (10, 109) and seen.span(5.0) == (2, 22)
    np.testing.assert_allclose(seen.box(4, 5.0), seen.box(20))


@pytest.mark.parametrize(
    ("path", "words"), [("other.mp4", "no persons of it"), ("empty.mp4", "found nobody"), ("hall_9_1-70_first.avi", "track 9 of hall")]
)
def test_who_is_not_known_is_told(people, tmp_path, path, words):
    with pytest.raises(InputError, match=words):
        people.of(tmp_path / path)


def test_a_folder_of_something_else_is_told(tmp_path):
    with pytest.raises(InputError, match="that extract_frames"):
        People(tmp_path)
    place = write_video(tmp_path, "odd", [])
    place.joinpath("tracks.csv").write_text("frame,person\n1,2\n")
    with pytest.raises(InputError, match="not a table of extract_frames"):
        People(tmp_path).of(tmp_path / "odd.mp4")

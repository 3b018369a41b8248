"""Tables of labels: what they mean, and what is said about a wrong row."""

import re

import pytest

from common.errors import InputError
from video.examples import Track
from video.labels import check_class, read_labels

CLASSES = ("Fighting", "Standing", "Walking")
HEADER = "track_id,first_frame,last_frame,class\n"


@pytest.fixture
def tracks(tmp_path):
    found = []
    for video, track_id, frames in [("a", 1, range(10, 110)), ("a", 2, range(1, 65)), ("b", 3, range(1, 65)), ("c", 3, range(1, 65))]:
        folder = tmp_path / video / str(track_id)
        folder.mkdir(parents=True)
        for number in frames:
            (folder / f"{number:06d}.jpg").touch()
        found.append(Track(video, track_id, folder))
    return found


def read(tmp_path, tracks, text):
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return [(span.track.track_id, span.label, span.first, span.last) for span in read_labels(path, tracks, CLASSES)]


def test_rows(tmp_path, tracks):
    rows = HEADER + "1,10,50,Fighting\n\n 1 , 51 ,, Walking \n2,,,Standing\n"
    assert read(tmp_path, tracks, rows) == [(1, "Fighting", 10, 50), (1, "Walking", 51, 109), (2, "Standing", 1, 64)]


def test_byte_order_mark_line_ends_and_order_of_columns_do_not_matter(tmp_path, tracks):
    text = "\ufeffclass,track_id,first_frame,last_frame\r\nWalking,2,,\r\n"
    assert read(tmp_path, tracks, text) == [(2, "Walking", 1, 64)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "1,,,Fighting\n1,60,70,Walking\n", "line 3: line 2 labels frames 10 to 109 of track 1 already"),
        (HEADER + "1,10,50,Fighting\n1,50,70,Fighting\n", "line 3: line 2 labels frames 10 to 50"),
        (HEADER + "2,,,Fihgting\n", "line 2: there is no class 'Fihgting' among Fighting, Standing, Walking; did you mean Fighting?"),
        (HEADER + "2,,,\n", "line 2: there is no class ''"),
        (HEADER + "9,,,Walking\n", "line 2: there is no track 9 (there are 4, from 1 to 3)"),
        (HEADER + "3,,,Walking\n", "line 2: track 3 is both in b and in c"),
        (HEADER + "two,,,Walking\n", "line 2: track_id is 'two'"),
        (HEADER + "2,1.5,,Walking\n", "line 2: first_frame is '1.5'"),
        (HEADER + "2,30,20,Walking\n", "line 2: the first frame 30 comes after the last frame 20"),
        (HEADER + "2,65,90,Walking\n", "line 2: track 2 has frames 1 to 64, none of 65 to 90"),
        (HEADER + "2,,Walking\n", "line 2: 3 fields, but the header has 4"),
        ("id,from,to,class\n2,,,Walking\n", "line 1: the header must be track_id,first_frame,last_frame,class"),
        ("", "line 1: the header must be"),
        (HEADER, "has no rows"),
        (HEADER + '2,,,"Walking\n', "is not a CSV file"),
        (HEADER.encode() + b"2,,,\xff\n", "is not a CSV file in UTF-8"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, tracks, text, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read(tmp_path, tracks, text)
    assert "labels.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_table_is_one_line(tmp_path, tracks):
    with pytest.raises(InputError, match=r"cannot read .*absent\.csv"):
        read_labels(tmp_path / "absent.csv", tracks, CLASSES)


def test_a_class_far_from_all_others_gets_no_guess():
    with pytest.raises(InputError) as caught:
        check_class("xyz", CLASSES)
    assert "did you mean" not in str(caught.value)
    with pytest.raises(InputError, match=re.escape("did you mean Walking?")):
        check_class("walking", CLASSES)

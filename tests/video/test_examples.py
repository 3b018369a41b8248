"""Cutting tracks into examples, and keeping them."""

import errno
import json
import os
from functools import cache

import pytest

from common.errors import InputError
from video import examples
from video.examples import Library, Track, cut, cut_track, find_tracks, read_json, runs


@cache
def most_frames(n):
    """The most of n consecutive frames that pieces of 64 to 80 can cover, by trying every piece at every place."""
    if n < 64:
        return 0
    return max([most_frames(n - 1), *(size + most_frames(n - size) for size in range(64, min(n, 80) + 1))])


def make_track(folder, frames, track_id=1, video="v"):
    place = folder / video / str(track_id)
    place.mkdir(parents=True)
    for number in frames:
        (place / f"{number:06d}.jpg").write_bytes(b"picture %d" % number)
    return Track(video, track_id, place)


def test_a_gap_of_two_frames_goes_on_and_of_three_ends_a_run():
    assert runs([1, 2, 5, 6, 10, 11]) == [[1, 2, 5, 6], [10, 11]]
    assert runs([7]) == [[7]]
    assert runs([]) == []


@pytest.mark.parametrize(
    ("length", "expected"),
    [(63, []), (64, [64]), (80, [80]), (100, [80]), (127, [80]), (128, [64, 64]), (150, [75, 75]), (170, [80, 80]), (193, [64, 64, 65])],
)
def test_lengths_of_examples(length, expected):
    assert sorted(map(len, cut(list(range(length))))) == expected


def test_no_cut_loses_fewer_frames():
    for length in range(1, 700):
        parts = cut(list(range(length)))
        assert all(64 <= len(part) <= 80 for part in parts)
        assert max(map(len, parts), default=0) - min(map(len, parts), default=0) <= 1
        flat = [number for part in parts for number in part]
        assert len(flat) == most_frames(length), length
        assert flat == list(range(flat[0], flat[0] + len(flat))) if flat else length < 64


def test_what_is_lost_is_lost_at_both_ends():
    (part,) = cut(list(range(100)))
    assert (part[0], part[-1]) == (10, 89)


def test_keep_short_takes_runs_of_16_to_63_whole():
    for length, count in [(15, 0), (16, 1), (63, 1)]:
        assert cut(list(range(length)), keep_short=True) == [list(range(length))] * count
        assert cut(list(range(length))) == []
    assert list(map(len, cut(list(range(100)), keep_short=True))) == [80]


def test_cut_track_cuts_each_run_inside_the_span(tmp_path):
    track = make_track(tmp_path, [*range(1, 71), *range(101, 201)])
    names = [example.name for example in cut_track(track, "Walking")]
    assert names == ["v_1_1-70", "v_1_111-190"]
    assert [example.name for example in cut_track(track, "Walking", first=50, last=165)] == ["v_1_101-165"]


def test_tracks_are_found_in_natural_order(tmp_path):
    for video, track_id in [("b 10", 3), ("b 2", 2), ("-a", 1), (".b.part", 9), ("Walking", 4)]:
        make_track(tmp_path, [1], track_id, video)
    (tmp_path / "b 2" / "notes").mkdir()
    found = [(track.video, track.track_id) for track in find_tracks(tmp_path, classes=["Walking"])]
    assert found == [("-a", 1), ("b 2", 2), ("b 10", 3)]
    assert [track.video for track in find_tracks(tmp_path, ["b*"])] == ["b 2", "b 10"]


def test_a_name_with_brackets_matches_itself(tmp_path):
    make_track(tmp_path, [1], video="cam[1]")
    assert [track.video for track in find_tracks(tmp_path, ["cam[1]"])] == ["cam[1]"]


def test_an_example_is_hard_links_and_its_origin(tmp_path):
    track = make_track(tmp_path / "in", range(1, 66), track_id=4)
    (track.folder.parent / "video.json").write_text('{"source": "videos/v.mp4", "fps": 12.5}')
    library = Library(tmp_path / "out")
    library.put(cut_track(track, "Walking"))
    folder = tmp_path / "out/Walking/v_4_1-65"
    assert len(list(folder.glob("*.jpg"))) == 65
    assert all(os.path.samefile(path, track.folder / path.name) for path in folder.glob("*.jpg"))
    assert json.loads((folder / "example.json").read_text()) == {
        "video": "v", "source": "videos/v.mp4", "fps": 12.5, "track_id": 4, "first": 1, "last": 65, "frames": 65
    }  # fmt: skip


def test_copies_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refuse(*_args):
        raise OSError(errno.EOPNOTSUPP, "no hard links here")

    monkeypatch.setattr(examples.os, "link", refuse)
    track = make_track(tmp_path, range(1, 65))
    Library(tmp_path).put(cut_track(track, "Walking"))
    copy, original = tmp_path / "Walking/v_1_1-64/000007.jpg", track.folder / "000007.jpg"
    assert copy.read_bytes() == original.read_bytes() and not os.path.samefile(copy, original)
    assert copy.stat().st_mtime == original.stat().st_mtime


def test_an_interrupted_example_is_not_there_and_made_again(tmp_path, monkeypatch):
    track = make_track(tmp_path, range(1, 65))
    real, seen = os.link, []

    def stop_at_30(source, target):
        seen.append(source)
        if len(seen) == 30:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(examples.os, "link", stop_at_30)
    with pytest.raises(KeyboardInterrupt):
        Library(tmp_path).put(cut_track(track, "Walking"))
    assert Library(tmp_path).stored == []
    Library(tmp_path).put(cut_track(track, "Walking"))
    assert [path.name for path in (tmp_path / "Walking").iterdir()] == ["v_1_1-64"]
    assert len(list((tmp_path / "Walking/v_1_1-64").glob("*.jpg"))) == 64


def test_frames_in_another_class_are_refused_before_anything_is_written(tmp_path):
    one, two = make_track(tmp_path, range(1, 65), 1), make_track(tmp_path, range(1, 65), 2)
    Library(tmp_path).put(cut_track(two, "Walking"))
    both = [*cut_track(one, "Standing"), *cut_track(two, "Standing")]
    with pytest.raises(InputError, match=r"Walking.v_2_1-64 holds frames of track 2 already"):
        Library(tmp_path).put(both)
    assert not (tmp_path / "Standing").exists()
    Library(tmp_path).put(both, replace=True)
    assert not list((tmp_path / "Walking").iterdir())
    assert len(Library(tmp_path).stored) == 2


def test_another_extraction_under_the_same_name_is_not_taken_for_the_same(tmp_path):
    first, second = make_track(tmp_path / "a", range(1, 65)), make_track(tmp_path / "b", range(1, 65))
    (second.folder / "000001.jpg").write_bytes(b"another picture")
    Library(tmp_path / "out").put(cut_track(first, "Walking"))
    with pytest.raises(InputError, match="extraction"):
        Library(tmp_path / "out").put(cut_track(second, "Walking"))
    Library(tmp_path / "out").put(cut_track(second, "Walking"), replace=True)
    assert (tmp_path / "out/Walking/v_1_1-64/000001.jpg").read_bytes() == b"another picture"


@pytest.mark.parametrize("content", ["", "[1]", "{", "\udcff"])
def test_damaged_json_is_one_line(tmp_path, content):
    path = tmp_path / "example.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"example\.json is damaged"):
        read_json(path)

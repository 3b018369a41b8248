"""Tables and pictures of made-up tracks: where they are cut, what is cut out, and who is known to be somebody else."""

import cv2
import numpy as np
import pytest

from common.errors import InputError
from deep_sort.encoder_changes import change, middle
from deep_sort.encoder_data import ROOM, find_videos, read_tracks, split_videos

BLUE, GREEN, RED = (250, 10, 10), (10, 250, 10), (10, 10, 250)


def write_video(folder, tracks, size=100):
    """A video's folder. `tracks` {id: [(frame, left)]}: boxes of 40×100 in a square picture, red at the middle, blue beside the box."""
    lines = ["frame,track_id,left,top,width,height,score"]
    for track, places in tracks.items():
        (folder / str(track)).mkdir(parents=True)
        for frame, left in places:
            lines.append(f"{frame},{track},{left},0,40,100,0.9")
            picture = np.full((size, size, 3), BLUE, np.uint8)
            half = round(size * 0.4 / 1.2 / 2)  # the box is 0.4 as wide as high, the square 1.2 times the height
            picture[:, size // 2 - half : size // 2 + half] = RED
            cv2.imwrite(str(folder / str(track) / f"{frame:06d}.jpg"), picture)
    (folder / "tracks.csv").write_text("\n".join(lines) + "\n")
    return folder


def walk(first, last, left=0.0, speed=0.0):
    return [(frame, left + speed * (frame - first)) for frame in range(first, last + 1)]


def pieces(tracks):
    return list(zip(tracks.person.tolist(), tracks.first.tolist(), tracks.last.tolist(), strict=True))


def test_a_followed_track_is_cut_where_frames_are_missing_and_where_people_come_near(tmp_path):
    # 2 passes 1, who stands at 0: the boxes touch while 2 is at less than 40, so in frames 9 to 11, where IoU passes 0.15 at 29.
    passing = [(frame, 100.0 - 10 * frame if frame < 10 else 10.0 * (frame - 8)) for frame in range(1, 17)]
    video = write_video(tmp_path / "v", {1: walk(1, 16), 2: passing, 3: walk(1, 5, 300) + walk(9, 12, 300)})
    assert pieces(read_tracks([video], [False], 24)) == [(1, 1, 7), (1, 11, 16), (2, 1, 7), (2, 11, 16), (3, 1, 5), (3, 9, 12)]
    assert pieces(read_tracks([video], [True], 24)) == [(1, 1, 16), (2, 1, 16), (3, 1, 12)]


def test_only_those_seen_together_are_known_to_differ_unless_the_identities_are_certain(tmp_path):
    people = {1: walk(1, 6), 2: walk(4, 9, 200), 3: walk(8, 12, 100)}
    videos = [write_video(tmp_path / name, people) for name in ("a", "b")]
    tracks = read_tracks(videos, [False, True], 24)
    assert [tracks.different(piece).nonzero()[0].tolist() for piece in range(6)] == [[1], [0, 2], [1], [4, 5], [3, 5], [3, 4]]


def test_pictures_are_spread_over_the_track_and_show_the_box_with_its_margin(tmp_path):
    tracks = read_tracks([write_video(tmp_path / "v", {7: walk(11, 40)})], [True], 4)
    assert tracks.pictures.shape == (4, *ROOM, 3) and tracks.pictures.dtype == np.uint8
    assert tracks.piece.tolist() == [0, 0, 0, 0] and (tracks.first[0], tracks.last[0]) == (11, 40)
    kept, seen = tracks.pictures[0].astype(int), middle(tracks.pictures[0]).astype(int)
    assert abs(kept[:, 1] - BLUE).max() < 40 and abs(kept[:, 29] - RED).max() < 40  # 2 of 58 columns: beside the box
    assert seen.shape == (96, 48, 3) and abs(seen[:, 2:-2] - RED).max() < 60


def test_changes_keep_shape_and_person(tmp_path):
    picture = np.full((*ROOM, 3), RED, np.uint8)
    rng = np.random.default_rng(0)
    changed = np.stack([change(picture, np.full_like(picture, GREEN), False, rng) for _ in range(200)])
    assert changed.shape == (200, 96, 48, 3) and changed.dtype == np.uint8
    assert len({image.tobytes() for image in changed}) > 150
    red = (changed[..., 2].astype(int) > changed[..., :2].max(axis=-1)).mean(axis=(1, 2))
    assert red.min() > 0.5 and (red < 0.9).any()  # somebody may come before, but not over most of the person
    grey = change(picture, picture, True, rng)
    assert (grey == grey[..., :1]).all()
    again = [change(picture, picture, False, np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_whole_videos_are_kept_for_validation():
    videos = [f"v{i}" for i in range(10)]
    training, validation = split_videos(videos, 0.2, seed=1)
    assert len(validation) == 2 and sorted(training + validation) == videos
    assert split_videos(videos, 0.2, seed=1) == [training, validation] != split_videos(videos, 0.2, seed=2)
    assert [len(side) for side in split_videos(videos[:2], 0.9, seed=0)] == [1, 1]


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda video: (video / "tracks.csv").unlink(), "no tracks.csv"),
        (lambda video: (video / "tracks.csv").write_text("a,b\n1,2\n"), "not a table"),
        (lambda video: (video / "tracks.csv").write_text("frame,track_id,left,top,width,height\n1,1,x,0,1,1\n"), "not a table"),
        (lambda video: (video / "1/000003.jpg").unlink(), "missing or no picture"),
        (lambda video: (video / "1/000003.jpg").write_text("no picture"), "missing or no picture"),
        (lambda video: write_video(video / "..", {1: walk(1, 3)}) and (video / "tracks.csv").unlink(), "no track of 4 frames"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, spoil, says):
    spoil(write_video(tmp_path / "p/v", {1: walk(1, 6)}))
    with pytest.raises(InputError, match=says) as caught:
        videos = find_videos([tmp_path / "p"])
        read_tracks(videos, [True] * len(videos), 24)
    assert "\n" not in str(caught.value)

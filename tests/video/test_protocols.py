from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from video.io import VideoWriter
from video.protocols import cut_validation, folders, ucf101
from video.split import group_by


def write_lists(folder, train, test):
    folder.mkdir(exist_ok=True)
    (folder / "classInd.txt").write_text("1 Archery\r\n2 Bowling\r\n3 Diving\r\n")
    (folder / "trainlist01.txt").write_text("\r\n".join(train) + "\r\n")
    (folder / "testlist01.txt").write_text("\r\n".join(test) + "\r\n")
    return folder


def listed(name, index, groups, clips=(1, 2)):
    return [f"{name}/v_{name}_g{group:02d}_c{clip:02d}.avi {index}" for group in groups for clip in clips]


@pytest.fixture
def lists(tmp_path):
    test = [line.rpartition(" ")[0] for line in listed("Archery", 1, [1]) + listed("Diving", 3, [2])]
    return write_lists(tmp_path / "lists", listed("Archery", 1, range(8, 13)) + listed("Diving", 3, range(8, 13)), test)


def test_official_lists(lists):
    protocol = ucf101("UCF-101", lists, 1)
    assert protocol.classes == ["Archery", "Bowling", "Diving"]
    assert [clip.example.label for clip in protocol.test] == [0, 0, 2, 2]
    assert protocol.train[0].example.path == Path("UCF-101/Archery/v_Archery_g08_c01.avi")
    assert protocol.train[0].group == "Archery/g08"  # group 8 of Diving is other footage
    assert protocol.train[10].example.where.endswith("trainlist01.txt, line 11")
    assert len(protocol.digests) == 3


def test_classes_chosen(lists):
    assert ucf101("x", lists, 1, ["2"]).classes == ["Archery", "Bowling"]
    chosen = ucf101("x", lists, 1, ["Diving", "Archery"])
    assert chosen.classes == ["Diving", "Archery"] and {clip.example.label for clip in chosen.train[:10]} == {1}
    for wanted, says in ((["4"], "has 3 classes"), (["Swing"], "no such class"), (["Diving"], "two different")):
        with pytest.raises(InputError, match=says):
            ucf101("x", lists, 1, wanted)


def test_validation_is_cut_by_group(lists):
    clips = ucf101("x", lists, 1).train
    sides = cut_validation(clips, 0.2, seed=3)
    assert [len(side) for side in sides] == [16, 4]
    train, validation = ({clip.group for clip in side} for side in sides)
    assert not train & validation and {group.split("/")[0] for group in validation} == {"Archery", "Diving"}
    assert cut_validation(clips, 0.2, seed=3) == sides
    assert any(cut_validation(clips, 0.2, seed) != sides for seed in range(5))
    assert cut_validation(clips, 0, seed=0) == (clips, [])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Archery/v_Archery_g08_c01.avi 2", "line 1"),
        ("Swing/v_Swing_g08_c01.avi 1", "line 1"),
        ("Archery/holiday.avi 1", "not of the form"),
    ],
)
def test_a_list_that_cannot_be(tmp_path, line, says):
    lists = write_lists(tmp_path / "lists", [line], [])
    with pytest.raises(InputError, match=says):
        ucf101("x", lists, 1)
    with pytest.raises(InputError, match=r"trainlist02\.txt cannot be read"):
        ucf101("x", lists, 2)


def write_video(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, 25, (16, 16), "mjpeg") as writer:
        writer.write(np.zeros((16, 16, 3), np.uint8))


@pytest.fixture
def persons(tmp_path):
    for action in ("bend", "run2", "run10"):
        for person in ("denis", "eli", "ira"):
            write_video(tmp_path / action / f"{person}_{action}.avi")
    return tmp_path


def test_leave_one_person_out(persons):
    protocol = folders(persons, group_by("^[a-z]+"), ["eli"])
    assert protocol.classes == ["bend", "run2", "run10"]
    assert [clip.example.path.name for clip in protocol.test] == ["eli_bend.avi", "eli_run2.avi", "eli_run10.avi"]
    assert {clip.group for clip in protocol.train} == {"denis", "ira"} and len(protocol.train) == 6
    with pytest.raises(InputError, match="no video is of this recording; there are denis, eli, ira"):
        folders(persons, group_by("^[a-z]+"), ["moshe"])


def test_the_folder_between_is_the_group(tmp_path):
    """UCF-11: <class>/<group>/<video>.mpg; its folders of annotations and hidden files hold no videos."""
    for name in ("v_biking_01/v_biking_01_01.mpg", "v_biking_01/v_biking_01_02.mpg", "v_biking_02/v_biking_02_01.mpg", "Annotation/a.xgtf"):
        path = tmp_path / "biking" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "diving").mkdir()
    (tmp_path / "diving" / "alone.mpg").touch()
    assert [clip.group for clip in folders(tmp_path).train] == ["v_biking_01", "v_biking_01", "v_biking_02", "alone"]


def test_digest_follows_the_videos(persons):
    before = folders(persons).digests
    assert folders(persons).digests == before
    (persons / "bend" / "ira_bend.avi").unlink()
    assert folders(persons).digests != before


def test_no_class_folders(tmp_path):
    with pytest.raises(InputError, match="no class folders"):
        folders(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        folders(tmp_path / "nowhere")


def test_ucf101_as_given(data):
    """The official numbers of split 1: 9,537 and 3,783 clips, from 18 and 7 groups of each class."""
    protocol = ucf101(data / "ucf101/UCF-101", data / "ucf101/ucfTrainTestlist", 1)
    assert (len(protocol.classes), len(protocol.train), len(protocol.test)) == (101, 9537, 3783)
    assert not {clip.group for clip in protocol.train} & {clip.group for clip in protocol.test}
    there = [sum(clip.example.path.is_file() for clip in side) for side in (protocol.train, protocol.test)]
    assert there == [42, 18]

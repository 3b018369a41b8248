"""train_detector.py through its command line: from videos to a detector that predict.py can use."""

import cv2
import numpy as np
import pytest

from video.io import VideoWriter

TINY = """[net]
width=64
height=64
[convolutional]
batch_normalize=1
filters=8
size=3
stride=4
pad=1
activation=leaky
[convolutional]
batch_normalize=1
filters=16
size=3
stride=2
pad=1
activation=leaky
[convolutional]
filters=12
size=1
activation=linear
[yolo]
mask=0,1
anchors=5,5, 50,50
classes=1
num=2
scale_x_y=2
"""


@pytest.fixture
def videos(tmp_path):
    """Three videos of a white rectangle that moves; two have a table of its boxes."""
    for name, x in (("hall", 5), ("street", 20), ("yard", 30)):
        table = ["frame,left,top,width,height"]
        with VideoWriter(tmp_path / f"videos/{name}.mp4", 10, (96, 64)) as video:
            for number in range(1, 11):
                image = np.full((64, 96, 3), 60, np.uint8)
                cv2.rectangle(image, (x + number, 20), (x + number + 11, 49), (250, 250, 250), -1)
                video.write(image)
                table.append(f"{number},{x + number},20,12,30")
        if name != "yard":
            (tmp_path / f"videos/{name}.csv").write_text("\n".join(table) + "\n")
    (tmp_path / "tiny.cfg").write_text(TINY)
    return tmp_path


def test_videos_become_a_detector(videos, script, rows):
    """Tables label two videos, a teacher (an untrained network here) the third; held out is the one that is named."""
    from darknet_files import write_random_weights

    from yolo3 import Detector
    from yolo3 import cfg as cfgs

    teacher = [videos / "tiny.cfg", write_random_weights(videos / "t.weights", cfgs.read(videos / "tiny.cfg")), videos / "names"]
    (videos / "names").write_text("person\n")
    (videos / "held").write_text("yard\n")
    flags = ["--cfg", "tiny.cfg", "--every", 3, "--batchsize", 4, "--epochs", 1, "--small-share", 0, "--held-out-list", "held"]
    done = script("train_detector.py", "--videos", "videos", "--teacher", *teacher, *flags, cwd=videos)
    assert "training pictures 8 from 2 recordings, held out 4 from 1" in done.stdout
    folder = videos / "detector"
    assert [path.name for path in sorted((folder / "dataset/hall").glob("*.jpg"))] == [f"{n:06}.jpg" for n in (1, 4, 7, 10)]
    label = [float(value) for value in (folder / "dataset/hall/000004.txt").read_text().split()]
    assert label == pytest.approx([0, 15 / 96, 35 / 64, 12 / 96, 30 / 64, 1], abs=1e-4)
    assert (folder / "dataset/yard/000001.txt").is_file()
    log = rows(folder / "log.csv")
    assert [(row["epoch"], row["width"], row["pictures"]) for row in log] == [("1", "64", "8")]
    files = [folder / f"person{suffix}" for suffix in (".cfg", ".weights", ".names")]
    anchors = np.array(cfgs.read(files[0]).heads[0].anchors)
    assert (np.abs(anchors - [8, 30]).min(axis=0) < 3).all()  # 12×30 of 96×64 pixels, at 64×64
    detector = Detector(*files, score_threshold=0.0, precision="float32")
    assert len(detector.detect([np.zeros((64, 96, 3), np.uint8)])[0]) > 0
    assert cv2.dnn.readNetFromDarknet(str(files[0]), str(files[1])).getLayerNames()

    # Fine-tuning: the labelled frames again, from the trained weights and with their anchors.
    flags = ["--images", folder / "dataset", "--cfg", files[0], "--weights", files[1], "--epochs", 1, "--output", "tuned", "--batchsize", 4]
    script("train_detector.py", *flags, cwd=videos)
    assert (videos / "tuned/person.cfg").read_text() == files[0].read_text()
    assert (videos / "tuned/person.weights").read_bytes() != files[1].read_bytes()

    # Imitation: all that an untrained teacher makes of two videos' pictures, labels of the third.
    (videos / "same.cfg").write_text(
        TINY.replace("activation=leaky\n[convolutional]\nfilters", "activation=linear\n[convolutional]\nfilters")
    )
    teacher[:2] = videos / "same.cfg", write_random_weights(videos / "s.weights", cfgs.read(videos / "same.cfg"))
    flags = [
        "--imitate",
        folder / "dataset",
        "--teacher",
        *teacher,
        "--cfg",
        "same.cfg",
        "--epochs",
        1,
        "--output",
        "seen",
        "--batchsize",
        4,
    ]
    done = script("train_detector.py", *flags, cwd=videos)
    assert "blocks miss" in done.stdout and float(rows(videos / "seen/log.csv")[0]["blocks"]) > 0
    assert cfgs.read(videos / "seen/person.cfg").heads[0].anchors == cfgs.read(videos / "same.cfg").heads[0].anchors


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--videos", "videos"], "nobody labels"),
        (["--videos", "nothing"], "there are no videos in nothing"),
        (["--images", "videos"], "there are no pictures"),
        (["--images", "one"], "all pictures are of one recording"),
    ],
)
def test_bad_input_is_one_line(videos, script, flags, message):
    (videos / "one").mkdir()
    cv2.imwrite(str(videos / "one/a.jpg"), np.zeros((8, 8, 3), np.uint8))
    (videos / "one/a.txt").write_text("")
    done = script("train_detector.py", *flags, "--cfg", "tiny.cfg", cwd=videos, code=1)
    assert done.stderr.startswith("error: ") and message in done.stderr and done.stderr.count("\n") == 1
    assert not (videos / "detector").exists()

"""Joints in the picture's pixels, from networks of all the kinds that a description can tell."""

import cv2
import numpy as np
import pytest
from tiny_pose import joints, spot, write_network

from common.errors import InputError
from video.crops import square_crop
from video.pose import PoseEstimator, pose_in_whole, poses_in

BOXES = [(187, 103, 272, 363), (180, 100, 280, 240), (0, 0, 60, 60)]


@pytest.fixture(scope="module")
def movenet(data):
    return PoseEstimator(data / "pose/movenet_lightning_int8.tflite")


@pytest.fixture(scope="module")
def picture(data):
    return cv2.imread(str(data / "images/person.jpg"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return PoseEstimator(write_network(tmp_path_factory.mktemp("network")))


def test_movenet_as_openvino_runs_it_by_hand(movenet, picture, data):
    import openvino

    network = openvino.Core().compile_model(str(data / "pose/movenet_lightning_int8.tflite"), "CPU")
    crops = np.stack([square_crop(picture, box, 192, 1.25) for box in BOXES])
    found = movenet(crops)
    for crop, pose in zip(crops, found, strict=True):
        y, x, confidence = network(crop[None, ..., ::-1])[0][0, 0].T
        np.testing.assert_allclose(pose, np.stack([192 * x, 192 * y, confidence], axis=-1), atol=1e-3)
        np.testing.assert_allclose(movenet(crop[None])[0], pose, atol=1e-3)  # alone as with others


def test_a_person_stands_in_its_box_and_nobody_is_unsure(movenet, picture):
    person, _, nobody = poses_in(movenet, picture, BOXES)
    names = movenet.layout.names
    left, top, right, bottom = BOXES[0]
    at = {name: person[i] for i, name in enumerate(names)}
    assert person[:, 2].mean() > 0.4 > 0.2 > nobody[:, 2].mean()
    for side in ("left", "right"):
        heights = [at[f"{side} {part}"][1] for part in ("shoulder", "hip", "knee", "ankle")]
        assert heights == sorted(heights) and heights[0] < top + 0.3 * (bottom - top) and heights[3] > top + 0.8 * (bottom - top)
    assert at["left shoulder"][0] < at["right shoulder"][0]  # seen from behind
    assert ((person[:, 0] > left - 10) & (person[:, 0] < right + 10)).all()


def test_joints_beyond_the_border_are_not_seen(tiny):
    inside, at_border = spot(16, 16, 40), spot(0, 16, 40)
    (pose,) = poses_in(tiny, inside, [(0, 0, 32, 32)], context=1)
    np.testing.assert_allclose(pose, np.column_stack([joints(16, 16), np.ones(17)]), atol=0.3)
    (pose,) = poses_in(tiny, at_border, [(-16, 0, 16, 32)], context=1)  # the edge's pixels go on in the crop: the network sees it there
    assert (pose[:, 0] < 0).all() and (pose[:, 2] == 0).all()


def test_places_in_the_picture_of_several_persons(tiny):
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[40:42, 30:32] = picture[60:62, 150:152] = 255
    found = poses_in(tiny, picture, [(0, 10, 64, 74), (120, 30, 184, 94)], context=1)  # two pixels of the picture are one of the crop
    np.testing.assert_allclose(found[0][12, :2], (31, 41), atol=0.6)
    np.testing.assert_allclose(found[1][12, :2], (151, 61), atol=0.6)
    np.testing.assert_allclose(found[0][13, :2] - found[0][12, :2], (2, 0), atol=1e-3)
    assert poses_in(tiny, picture, []).shape == (0, 17, 3)


@pytest.mark.parametrize(("share", "looks"), [(0.1, 2), (0.35, 2), (0.45, 1), (0.9, 1)])
def test_a_small_person_is_looked_at_again_from_near(tiny, share, looks):
    """A network that sees joints all over the middle `share` of its input, whatever is in it."""
    crops = []

    class Middle:
        description, layout = tiny.description, tiny.layout

        def __call__(self, found):
            crops.append(found)
            places = (0.5 + share * np.linspace(-0.5, 0.5, 17)) * found.shape[1]
            return np.stack([places, places, np.full(17, 0.9)], axis=-1).astype(np.float32)[None]

    picture = np.zeros((100, 160, 3), np.uint8)
    picture[50, 80] = 255
    pose = pose_in_whole(Middle(), picture)
    assert len(crops) == looks and pose.shape == (17, 3)
    np.testing.assert_allclose(pose[8, :2], (80, 50), atol=1)
    side = 160 if looks == 1 else 160 * share * 1.2 * 1.25  # of the last square that was looked at
    np.testing.assert_allclose(np.ptp(pose[:, 0]), share * side, atol=0.02 * side)


def test_of_nobody_there_is_one_look(movenet):
    assert pose_in_whole(movenet, np.full((100, 160, 3), 90, np.uint8))[:, 2].max() < 0.3


@pytest.mark.parametrize("box", [(225, 230, 229, 242), (0, 0, 60, 60), (420, 10, 520, 90), (200, 200, 200, 200), (630, -40, 760, 300)])
def test_of_tiny_absent_and_departed_persons_nothing_is_sure(movenet, picture, box):
    """The departed one's edge pixels go on in the crop: there TFLite itself says 0.14 in the mean, OpenVINO 0.15 in float32."""
    (pose,) = poses_in(movenet, picture, [box])
    assert np.isfinite(pose).all() and pose[:, 2].mean() < 0.2


def test_covered_and_cut_off_parts_are_less_sure(movenet, picture):
    covered = picture.copy()
    covered[230:] = 128
    ((free,), (half,)) = (poses_in(movenet, image, [BOXES[0]]) for image in (picture, covered))
    legs, head = [13, 14, 15, 16], [0, 1, 2, 3, 4]
    assert half[legs, 2].max() < 0.15 < 0.35 < free[legs, 2].min() and half[:13, 2].mean() > 0.3
    (below,) = poses_in(movenet, picture, [(187, 290, 272, 550)])  # the legs alone, and beyond the border
    assert below[head, 2].max() < 0.15 < 0.25 < below[legs, 2].mean()


def test_one_at_a_time_gives_the_same(tiny, tmp_path):
    crops = np.stack([spot(x, 20) for x in (8, 12, 20)])
    single = PoseEstimator(write_network(tmp_path, batches=False))
    np.testing.assert_allclose(tiny(crops), single(crops), atol=1e-5)
    np.testing.assert_allclose(tiny(crops)[1, :, :2], joints(12, 20), atol=0.3)


def test_larger_crops_have_pixels_of_their_own(tiny):
    crop = cv2.resize(spot(8, 20), (64, 64), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_allclose(tiny(crop[None])[0, :, :2], 2 * joints(8, 20), atol=0.6)


@pytest.mark.parametrize(
    ("description", "says"),
    [
        (None, "unknown pose network"),
        ("{", "JSON object"),
        ('{"size": 32}', "layout"),
        ('{"size": 32, "layout": "lizard"}', "layout must be one of"),
        ('{"size": 32, "layout": "coco17", "colour": 1}', "colour"),
    ],
)
def test_a_network_without_a_usable_description_is_one_line(tmp_path, description, says):
    path = write_network(tmp_path)
    path.with_suffix(".json").unlink()
    if description:
        path.with_suffix(".json").write_text(description, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        PoseEstimator(path)


def test_a_broken_or_missing_file_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no file"):
        PoseEstimator(tmp_path / "movenet_lightning.tflite")
    (tmp_path / "movenet_lightning.tflite").write_bytes(b"no network")
    with pytest.raises(InputError, match="not a pose network"):
        PoseEstimator(tmp_path / "movenet_lightning.tflite")

import numpy as np

from common.pose_layouts import LAYOUTS
from video.draw_pose import LEFT, RIGHT, draw_pose

COCO = LAYOUTS["coco17"]


def drawn(**places):
    """A picture of a body of which only these joints are seen."""
    pose = np.zeros((17, 3), np.float32)
    for name, place in places.items():
        pose[COCO.names.index(name.replace("_", " "))] = (*place, 0.9)
    image = np.zeros((80, 80, 3), np.uint8)
    draw_pose(image, pose, COCO)
    return image


def test_bones_in_the_colour_of_their_side():
    image = drawn(left_hip=(20, 10), left_knee=(20, 60), right_hip=(60, 10), right_knee=(60, 60))
    np.testing.assert_allclose(image[35, [20, 60]], [LEFT, RIGHT], atol=30)  # smoothed edges
    assert image[10, 40].any()


def test_what_is_not_seen_is_not_drawn():
    image = drawn(left_hip=(20, 10), left_ankle=(20, 60))  # the knee between them is not
    assert image[10, 20].any() and image[60, 20].any() and not image[35, 20].any()
    assert not drawn().any()

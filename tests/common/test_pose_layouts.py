import pytest

from common.pose_layouts import LAYOUTS


@pytest.mark.parametrize(("name", "count"), [("coco17", 17), ("jhmdb15", 15), ("kinect20", 20), ("mpii16", 16)])
def test_mirroring_swaps_sides_and_twice_is_nothing(name, count):
    layout = LAYOUTS[name]
    assert len(set(layout.names)) == len(layout.mirrored) == count
    for i, j in enumerate(layout.mirrored):
        assert layout.mirrored[j] == i
        assert {layout.names[i].split()[0], layout.names[j].split()[0]} == {"left", "right"} or i == j
    sided = sum(name.startswith(("left ", "right ")) for name in layout.names)
    assert sum(i != j for i, j in enumerate(layout.mirrored)) == sided


@pytest.mark.parametrize("name", LAYOUTS)
def test_bones_join_every_joint_of_a_limb(name):
    layout = LAYOUTS[name]
    joined = {joint for bone in layout.lines for joint in bone}
    assert joined == set(range(len(layout.names)))  # no joint is left without a line
    assert len(layout.numbers(layout.hips)) == len(layout.numbers(layout.shoulders)) == 2

from recipes.network_accuracy import keep, weizmann
from recipes.weizmann import SYSTEMS


def test_a_line_is_the_mean_over_clips_and_is_replaced(tmp_path, rows):
    table = tmp_path / "table.csv"
    keep(table, {"system": "motion"}, [(0.5, 10), (1.0, 30)])
    keep(table, {"system": "average"}, [(1.0, 10)])
    keep(table, {"system": "motion"}, [(0.6, 10), (0.9, 20)])
    assert [list(row.values()) for row in rows(table)] == [["average", "1.0000", "0.0000", "1"], ["motion", "0.8000", "0.1500", "2"]]


def test_every_person_is_left_out_once_and_fusion_names_systems_there_are(data):
    folds = weizmann(data)
    assert [held_out for _, held_out in folds] == [["denis"], ["eli"], ["ira"], ["lena"], ["lyova"], ["shahar"]]
    for system in ("average", "recurrent"):
        made = [str(flag).format(fold=3) for flag in SYSTEMS[system] if "{fold}" in str(flag)]
        assert made == ["save_weight/spatial_3", "save_weight/motion_3"]

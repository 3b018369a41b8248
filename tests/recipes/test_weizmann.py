from recipes.network_accuracy import over_folds, weizmann, write_rows
from recipes.weizmann import SYSTEMS


def test_a_line_is_the_mean_over_clips(tmp_path, rows):
    write_rows(tmp_path / "table.csv", [("system", "accuracy", "spread", "folds"), ("motion", *over_folds([6, 18], [10, 20]))])
    assert [list(row.values()) for row in rows(tmp_path / "table.csv")] == [["motion", "0.8000", "0.1500", "2"]]


def test_every_person_is_left_out_once_and_fusion_names_systems_there_are(data):
    _, clips, folds = weizmann(data)
    assert folds == [{"denis"}, {"eli"}, {"ira"}, {"lena"}, {"lyova"}, {"shahar"}]
    assert {clip.group for clip in clips} == set().union(*folds)
    for system in ("average", "recurrent"):
        made = [str(flag).format(fold=3) for flag in SYSTEMS[system] if "{fold}" in str(flag)]
        assert made == ["save_weight/spatial_3", "save_weight/motion_3"]
        assert SYSTEMS[system][SYSTEMS[system].index("--weights") :][1:3] == (1, 2)
    assert SYSTEMS["recurrent"][-2:] == ("--augment", "time")  # pictures as they are: their features are computed once

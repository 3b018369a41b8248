import csv

from video.summary import summary


def write(path, events):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("track_id", "action", "start", "end", "mean_score"))
        writer.writerows(events)
    return path


def test_events_in_order_of_their_start(tmp_path):
    path = write(tmp_path / "e.csv", [(2, "Standing", "0.500", "3.250", "0.9"), (1, "Fighting", "0.040", "3725.990", "0.756")])
    header, first, second = summary(path)
    assert header.split() == ["who", "what", "from", "to", "score"]
    assert first.split() == ["1", "Fighting", "0:00.0", "1:02:05.9", "0.76"]
    assert second.split() == ["2", "Standing", "0:00.5", "0:03.2", "0.90"]
    assert len(header) == len(first) == len(second)


def test_what_is_left_out_is_counted(tmp_path):
    path = write(tmp_path / "e.csv", [(i, "Walking", i, i + 1, 0.5) for i in range(25)])
    lines = summary(path, rows=4)
    assert [line.split()[0] for line in lines[1:5]] == ["0", "1", "2", "3"]
    assert lines[5] == f"… and 21 more in {path}"


def test_nobody(tmp_path):
    assert summary(write(tmp_path / "e.csv", [])) == ["nobody was seen for long enough to say what they do"]

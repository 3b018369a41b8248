"""What `make demo` runs: the bundled sample through the bundled weights, against the sample's truth."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from yolo3.boxes import iou

VISIBLE = 0.5  # share of a person that must be in sight to count


@pytest.fixture(scope="module")
def demo(program, root, tmp_path_factory):
    """(what was printed, folder of the outputs) of predict.py on the sample, without any other flag."""
    output = tmp_path_factory.mktemp("demo")
    done = program("predict.py", "--video", root / "samples" / "street.mp4", "--output", output)
    return done.stdout, output


@pytest.fixture(scope="module")
def pairs(demo, root, rows):
    """[(person, action, row of the actions.csv or None)] of everybody in sight on every frame of the truth."""
    answers = defaultdict(list)
    for row in rows(demo[1] / "street_actions.csv"):
        answers[row["frame"]].append(row)
    result = []
    for truth in rows(root / "samples" / "street.csv"):
        if float(truth["visible"]) >= VISIBLE:
            result.append((truth["track_id"], truth["action"], best_match(truth, answers[truth["frame"]])))
    return result


def tlbr(row):
    left, top, width, height = (float(row[key]) for key in ("left", "top", "width", "height"))
    return np.array([left, top, left + width, top + height], np.float32)


def best_match(truth, answers):
    """The answer whose box is the truth's (IoU of at least a half), or None."""
    if not answers:
        return None
    overlap = iou(tlbr(truth), np.stack([tlbr(row) for row in answers]))
    return answers[overlap.argmax()] if overlap.max() >= 0.5 else None


def test_every_actor_is_found(pairs):
    seen, found = Counter(who for who, _, _ in pairs), Counter(who for who, _, row in pairs if row)
    assert len(seen) == 7
    assert all(found[who] >= 0.8 * seen[who] for who in seen), {who: found[who] / seen[who] for who in seen}


def test_nine_person_seconds_of_ten_have_the_right_action(pairs):
    right = [row is not None and row["action"] == action for _, action, row in pairs]
    wrong = Counter((action, row["action"] if row else "nothing") for _, action, row in pairs if row is None or row["action"] != action)
    assert np.mean(right) >= 0.9, wrong


def test_the_fight_is_in_the_table(demo, pairs):
    fighters = {row["track_id"] for _, action, row in pairs if action == "Fighting" and row}
    told = {line.split()[0] for line in demo[0].splitlines() if "  Fighting  " in line}
    assert told and told <= fighters  # nobody else fights

"""How evaluate.py comes by its scores: from clips, from a window over clips strung together, from whole videos."""

import csv
import re
from argparse import Namespace
from contextlib import closing
from pathlib import Path

from common.errors import InputError

UCF101_NAME = re.compile(r"^v_([A-Za-z0-9]+)_g[0-9]+_c[0-9]+$")
STRIDE = 16  # frames of a video between two windows
WINDOWS_OF_A_CLIP = 5  # positions of the sliding window from one clip's frames to the next ones', unless --stride says otherwise


def against_rest(labels, scores, classes, positive):
    """Labels, scores and names of two classes: the positive one and all others together."""
    import numpy as np

    column = classes.index(positive)
    score = scores[:, column]
    return [int(label != column) for label in labels], np.stack([score, 1 - score], axis=1), [positive, f"not {positive}"]


def score_clips(args, trained, network, examples):
    """Scores (N, C): the mean over --testing_samples windows of each clip, decoded ahead of the network."""
    import numpy as np
    from tqdm import tqdm

    from common.person_flags import build_estimator
    from common.threads import prefetch
    from video.pose_samples import sampler_of

    sampler = sampler_of(trained, build_estimator(args.pose, trained), cache=args.cache, archive=args.flow_archive)
    samples = tqdm(prefetch(sampler.spread(example.path, args.testing_samples) for example in examples), total=len(examples), unit="clip")
    return np.stack([network(sample).mean(axis=0) for sample in samples])


def score_videos(args, trained, network, examples):
    """Scores (N, C): the highest window of each video; zeros where nobody is seen for long enough."""
    import numpy as np
    from tqdm import tqdm

    from common.person_flags import build_estimator, person_source
    from video.recognise import highest_window, windows_of

    persons_of, estimator = person_source(args, args.region), build_estimator(args.pose, trained)
    column = trained.classes.index(args.positive) if args.positive else None
    rows = [
        highest_window(example.path, windows_of(trained, args.stride or STRIDE, estimator), network, persons_of, column)
        for example in tqdm(examples, unit="video")
    ]
    nobody = sum(row is None for row in rows)
    if nobody:
        print(f"nobody is seen for long enough in {nobody} of {len(rows)} videos; they score 0 in every class")
    return np.stack([np.zeros(len(trained.classes), np.float32) if row is None else row for row in rows])


def score_table(args, trained, network):
    """(names, labels, scores (N, C)) of the rows of --csv; a row's name is its number in the table."""
    from common.csv_training import read_features

    features, labels, _ = read_features(args.csv, trained.classes, trained.size)
    return range(1, len(labels) + 1), labels, network({"features": features})


def score_continuous(args, trained, network, examples, folder):
    """Slide a window over all clips strung together; returns (names, labels, scores) of its places.

    Writes the tables and plots of `models.sequence_report`, strip.png and continuous.mp4 to `folder`.
    """
    import numpy as np

    from models import sequence_report
    from video.continuous import shuffled

    if trained.sees_poses:
        raise InputError(f"{trained.folder} sees joints, and --test continuous has only pictures; --test clips and --test video have both")
    examples = shuffled(examples, args.seed)[: args.limit]
    labels = [example.label for example in examples]
    stride = args.stride or max(trained.window // WINDOWS_OF_A_CLIP, 1)
    places, scores = _slide(trained, network, examples, labels, stride)
    if not places:
        raise InputError(f"the clips are too short for a window of {trained.window} frames, even strung together")
    predicted = scores.argmax(axis=1)
    rows = sequence_report.by_share(places, predicted, trained.window)
    sequence_report.write_sequence_report(folder, rows)
    for row in rows:
        print(f"{row['frames']:3d} of {trained.window} frames of the first action: accuracy {row['accuracy']:.3f} of {row['n']} windows")
    _write_strip(folder / "strip.png", trained, examples, labels, stride, places, scores)
    _write_video(folder / "continuous.mp4", trained, examples, labels, places, scores)
    return [f"frame {place.start + 1}" for place in places], [place.label for place in places], np.asarray(scores)


def _slide(trained, network, examples, labels, stride):
    import numpy as np
    from tqdm import tqdm

    from common.threads import prefetch
    from video.clips import clip_indices
    from video.continuous import sliding, strung
    from video.inputs import make_inputs

    indices = clip_indices(trained.window, trained.frames, trained.window)
    places, scores = [], []
    with closing(prefetch(strung(examples, trained.size, trained.fps))) as pictures:
        for place, recent in tqdm(sliding(pictures, labels, trained.window, stride), unit="window"):
            clip = np.stack([picture.image for picture in recent])
            inputs = make_inputs(clip, indices, trained.size, trained.mode, trained.flow)
            scores.append(network({name: array[None] for name, array in inputs.items()})[0])
            places.append(place)
    return places, np.stack(scores) if scores else None


def _write_strip(path, trained, examples, labels, stride, places, scores):
    """The windows from before the first change of action until after it."""
    from models.sequence_report import STRIP_ROWS, write_strip
    from video.continuous import sliding, strung

    change = next((i for i, place in enumerate(places) if place.first != place.second), 0)
    shown = range(max(change - 1, 0), min(max(change - 1, 0) + STRIP_ROWS, len(places)))
    windows = []
    for i, (place, recent) in enumerate(sliding(strung(examples, trained.size, trained.fps), labels, trained.window, stride)):
        if i in shown:
            best = int(scores[i].argmax())
            windows.append(([picture.shown[..., ::-1] for picture in recent], place.label, best, scores[i][best]))
        if i == shown[-1]:
            break
    write_strip(path, windows, trained.classes)


def _write_video(path, trained, examples, labels, places, scores):
    """All clips with what they show and, below, what the window about each frame was taken for."""
    from video.continuous import SHOWN, strung
    from video.draw import class_colours, draw_people
    from video.io import DEFAULT_FPS, VideoWriter

    classes, colours = trained.classes, class_colours(trained.classes)
    frame_box, answer_box = (0, 0, *SHOWN), (0, SHOWN[1], *SHOWN)
    middles = [place.start + trained.window // 2 for place in places]
    latest = 0
    with VideoWriter(path, trained.fps or DEFAULT_FPS, SHOWN) as writer:
        for number, picture in enumerate(strung(examples, trained.size, trained.fps)):
            while latest + 1 < len(middles) and abs(middles[latest + 1] - number) <= abs(middles[latest] - number):
                latest += 1
            true, best = classes[labels[picture.clip]], int(scores[latest].argmax())
            answer = (answer_box, f"{classes[best]} {scores[latest][best]:.2f}", colours[classes[best]])
            draw_people(picture.shown, [(frame_box, f"true: {true}", colours[true]), answer])
            writer.write(picture.shown)


def score_annotated(args, trained, network, annotate, folder):
    """Annotate every video at ``args.test[1]`` (a file or a folder); returns (names, labels, scores).

    `annotate` is predict.py's; its files go to `folder`/videos, and videos.csv lists what each video was taken for: the class with
    the highest mean over its frames. The class of a video is the name of its folder, or what a name like v_Diving_g01_c02 says;
    videos without either are not among those returned.
    """
    import numpy as np
    from tqdm import tqdm

    from common.threads import Stages
    from models.report import write_csv
    from video.io import list_videos, open_video
    from video.show import Window

    names, labels, scores = [], [], []
    root, bad = Path(args.test[1]), 0
    args = Namespace(**vars(args) | {"stride": args.stride or STRIDE, "threshold": 0.0, "batch": False, "draw": "boxes"})
    for video in tqdm(list_videos(root), unit="video"):
        args.video, args.output = video, folder / "videos" / (video.relative_to(root).parent if root.is_dir() else "")
        try:
            with open_video(video) as reader, Window(False) as window:
                outputs, _, _ = annotate(args, trained, network, reader, window, Stages())
        except InputError as error:
            tqdm.write(f"error: {error}")
            bad += 1
            continue
        row = _mean_scores(outputs.paths[1], trained.classes)
        if row is None:
            tqdm.write(f"short: {video} gets no answer")
            bad += 1
            continue
        names.append(video)
        labels.append(_label_of(video, trained.classes))
        scores.append(row)
    if not names:
        raise InputError(f"no video at {root} got an answer")
    if bad:
        print(f"{bad} videos are left out")
    best = [int(row.argmax()) for row in scores]
    rows = [(video, trained.classes[i], f"{row[i]:.4f}") for video, i, row in zip(names, best, scores, strict=True)]
    write_csv(folder / "videos.csv", ["path", "predicted", "score"], rows)
    for video, action, score in rows:
        print(f"{video}: {action} {score}")
    known = [i for i, label in enumerate(labels) if label is not None]
    return [names[i] for i in known], [labels[i] for i in known], np.array([scores[i] for i in known])


def _mean_scores(actions_csv, classes):
    """(C,) mean of all rows that have scores, or None."""
    import numpy as np

    with open(actions_csv, encoding="utf-8", newline="") as file:
        rows = [[float(row[name]) for name in classes] for row in csv.DictReader(file) if row["action"]]
    return np.mean(rows, axis=0) if rows else None


def _label_of(video, classes):
    named = UCF101_NAME.match(Path(video).stem)
    for name in (Path(video).resolve().parent.name, named and named[1]):
        if name in classes:
            return classes.index(name)
    return None

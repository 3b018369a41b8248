"""How good a run is on a list of clips or whole videos.

    python evaluate.py --path save_weight/my_run --list datasetlist/vallist.txt
    python evaluate.py --path save_weight/my_run --list videos.txt --region person --positive Fighting
    python evaluate.py --path save_weight/my_table --csv features.csv

    list lines:  path class_index        64-frame clips as generate_64.py makes them, or, with --region, whole videos
    output:      summary.json predictions.csv confusion_matrix.csv confusion_matrix.png roc.png

With --region a video counts as its highest window: the one surest of the positive class, or surest of all without one. With a
positive class the other classes count as one then: such a video says whether the action is in it, not what else is.
"""

from pathlib import Path

from common.cli import positive_int, run, script_parser
from common.person_flags import add_person_flags, add_pose_flag, build_estimator


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--path", default="save_weight/default", help="run folder, .keras, or .hdf5 with its meta.json")
    parser.add_argument("--list", default="datasetlist/vallist.txt", help="file with a line 'path class_index' per clip or video")
    parser.add_argument("--csv", help="for a run of features: a table of them with a column label, in place of a list")
    parser.add_argument("--positive", metavar="CLASS", help="also report ROC AUC and accuracy at the run's threshold for this class")
    parser.add_argument(
        "--region", choices=("person", "frame"), help="list lines are whole videos: score each person, or the whole picture"
    )
    parser.add_argument("--output", help="folder for the report (default: evaluation/<name of the list> in the run's folder)")
    parser.add_argument("--stride", type=positive_int, default=16, help="with --region: frames between two windows of a person")
    parser.add_argument("--every", type=positive_int, default=1, help="with --region: detect on every Nth frame")
    add_pose_flag(parser, default=None)
    add_person_flags(parser)
    return parser.parse_args()


def main():
    args = parse_args()
    from common.errors import InputError
    from models import report
    from models.run import Run

    trained = Run.open(args.path)
    classes = trained.classes
    if args.positive not in (None, *classes):
        raise InputError(f"no class {args.positive!r} in {args.path}; it knows {', '.join(classes)}")
    if (args.csv is None) == (trained.mode == "Features"):
        raise InputError(f"{args.path} has --mode {trained.mode}; --csv goes with Features, and only with them")
    names, labels, scores = (score_table if args.csv else score_list)(args, trained)
    if args.region and args.positive:
        labels, scores, classes = against_rest(labels, scores, classes, args.positive)
    summary = report.summarise(labels, scores, classes, args.positive, trained.threshold)
    folder = Path(args.output) if args.output else trained.folder / "evaluation" / Path(args.csv or args.list).stem
    report.write_report(folder, names, labels, scores, classes, summary)
    print(report.table(summary))
    print(folder)


def against_rest(labels, scores, classes, positive):
    """Labels, scores and names of two classes: the positive one and all others together."""
    import numpy as np

    column = classes.index(positive)
    score = scores[:, column]
    return [int(label != column) for label in labels], np.stack([score, 1 - score], axis=1), [positive, f"not {positive}"]


def score_table(args, trained):
    """(names, labels, scores (N, C)) of the rows of --csv; a row's name is its number in the table."""
    from common.csv_training import read_features
    from models.runtime import compile

    features, labels, _ = read_features(args.csv, trained.classes, trained.size)
    return range(1, len(labels) + 1), labels, compile(trained, args.runtime, precision="float32")({"features": features})


def score_list(args, trained):
    """(paths, labels, scores (N, C)) of the clips or videos of --list."""
    from models.runtime import compile
    from video.lists import check_clips, read_list

    examples = read_list(args.list, len(trained.classes))
    check_clips(examples)
    scores = (score_videos if args.region else score_clips)(args, trained, compile(trained, args.runtime), examples)
    return [example.path for example in examples], [example.label for example in examples], scores


def score_clips(args, trained, network, examples):
    """Scores (N, C): each clip's central window, decoded ahead of the network."""
    import numpy as np
    from tqdm import tqdm

    from common.threads import prefetch
    from video.pose_samples import sampler_of

    sampler = sampler_of(trained, build_estimator(args.pose, trained))
    samples = tqdm(prefetch(sampler(example.path) for example in examples), total=len(examples), unit="clip")
    return np.stack([network({name: array[None] for name, array in sample.items()})[0] for sample in samples])


def score_videos(args, trained, network, examples):
    """Scores (N, C): the highest window of each video; zeros where nobody is seen for long enough."""
    import numpy as np
    from tqdm import tqdm

    from common.person_flags import person_source
    from video.recognise import highest_window, windows_of

    persons_of = person_source(args, args.region)
    column, estimator = trained.classes.index(args.positive) if args.positive else None, build_estimator(args.pose, trained)
    rows = [
        highest_window(example.path, windows_of(trained, args.stride, estimator), network, persons_of, column)
        for example in tqdm(examples, unit="video")
    ]
    nobody = sum(row is None for row in rows)
    if nobody:
        print(f"nobody is seen for long enough in {nobody} of {len(rows)} videos; they score 0 in every class")
    return np.stack([np.zeros(len(trained.classes), np.float32) if row is None else row for row in rows])


if __name__ == "__main__":
    run(main)

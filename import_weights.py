"""Start from published weights: a downloaded file becomes a run that the other scripts know.

    python import_weights.py --from pytorch_i3d rgb_imagenet.pt --to save_weight/kinetics
    python import_weights.py --from pytorch_i3d rgb_imagenet.pt --to save_weight/start --num_class 3
    python import_weights.py --from human_pose MPII+LSP.ckpt --to model_data/human_pose.keras

    rgb_imagenet.pt  ->  save_weight/kinetics/model.keras   the network, for predict.py, evaluate.py and train.py --weights
                                              meta.json     classes, clip length, rate and size, and how its authors prepare a video
    MPII+LSP.ckpt     ->  model_data/human_pose.keras       finds joints, for --pose; a human_pose.json beside it describes it

Without --num_class or --classes it names the 400 actions of Kinetics. With them its classifier is new and knows nothing yet:
train it. The README says where the files are. What is missing in a file, left over or of another shape is listed, and nothing is
written then.

FORMAT is one of
"""

from pathlib import Path
from shlex import quote

from common.cli import positive_int, run, script_parser
from models.imports import FORMATS, POSE_NETWORKS

TITLES = {name: published.title for name, published in FORMATS.items()} | POSE_NETWORKS
LISTED = "\n".join(f"    {name:28}{title}" for name, title in TITLES.items())


def parse_args():
    parser = script_parser(f"{__doc__}{LISTED}")
    parser.add_argument("--from", dest="source", nargs=2, required=True, metavar=("FORMAT", "FILE"), help="whose file it is, and the file")
    parser.add_argument("--to", type=Path, required=True, metavar="RUN", help="folder to make, such as save_weight/kinetics; or a .keras")
    classes = parser.add_mutually_exclusive_group()
    classes.add_argument("--num_class", type=positive_int, help="a new classifier for so many classes")
    classes.add_argument("--classes", metavar="FILE", help="a new classifier for these: a name per line, such as datasetlist/classes.txt")
    args = parser.parse_args()
    if args.source[0] not in TITLES:
        parser.error(f"--from {args.source[0]} is not one of {', '.join(TITLES)}")
    if args.source[0] in POSE_NETWORKS and (args.num_class or args.classes or args.to.suffix != ".keras"):
        parser.error(f"--from {args.source[0]} has no classes, and --to names a .keras file")
    if args.num_class == 1:
        parser.error("--num_class 1: two classes or more are needed")
    return args


def main():
    args = parse_args()
    from common.errors import InputError

    if args.to.exists():
        raise InputError(f"{args.to} is there already; give another name")
    if args.source[0] in POSE_NETWORKS:
        return import_pose(args)
    classes = class_names(args)
    from common.files import writing
    from common.quiet import import_keras

    import_keras()
    from models.imports.fill import load
    from models.run import MODEL_NAME, Run

    model, meta = load(*args.source, classes)
    with writing(args.to / MODEL_NAME) as partial:
        model.save(partial)
    Run.create(args.to, meta)
    print(f"{args.to}: {model.name}, {meta['mode']}, {len(meta['classes'])} classes, {model.count_params():,} weights")
    print(f"its authors prepare a video so: {meta['imported']['preprocessing']}")
    print(f"next: {next_step(args, meta)}")


def import_pose(args):
    """Write --to and the JSON file beside it."""
    from common.quiet import import_keras

    import_keras()
    from models.human_pose import save
    from models.imports.human_pose import LAYOUT, load

    model = load(args.source[1])
    save(model, args.to, LAYOUT)
    print(f"{args.to}: {model.name}, {model.count_params():,} weights, joints as {LAYOUT}")
    print(f"next: python extract_pose.py --pose {quote(str(args.to))} --image in.jpg --output out.jpg")


def class_names(args):
    """Names of the classes of a new classifier, or None for the published one."""
    if args.num_class:
        return [str(number) for number in range(args.num_class)]
    if not args.classes:
        return None
    from common.errors import InputError
    from video.lists import read_names

    if not Path(args.classes).is_file():
        raise InputError(f"--classes {args.classes}: no such file; write one with a class per line")
    names = read_names(args.classes)
    if len(names) < 2:
        raise InputError(f"{args.classes} names only {names[0]}; two classes or more are needed")
    return names


def next_step(args, meta):
    """The command that goes on from the run."""
    folder = quote(str(args.to))
    if args.num_class or args.classes:
        return f"python train.py --model {meta['recogniser']} --mode {meta['mode']} --weights {folder}"
    return f"python predict.py --path {folder} --video VIDEO"


if __name__ == "__main__":
    run(main)

"""Where everybody's joints are: in every frame of a folder of videos, or in one picture.

    python extract_pose.py --pose movenet.tflite --videos videos --output poses
    python extract_pose.py --pose movenet.tflite --image in.jpg --output out.jpg
    python extract_pose.py --path save_weight/my_pose --list datasetlist/trainlist.txt --csv features.csv

    videos/**/a.mp4  ->  poses/a/poses.npz   poses (frames, persons, K, 3) float32: x, y in pixels, confidence; 0 where a person is not
                                             track_id (persons,), time_s (frames,), joint (K,) names
    in.jpg           ->  out.jpg             with skeletons in it
    trainlist.txt    ->  features.csv        columns 0 … 511 and label: what a pose run's recurrent layer says of each clip, for
                                             train.py --model pose_logistic

A finished video is skipped at the next start.
"""

import sys
from pathlib import Path

from common.cli import run, script_parser
from common.errors import InputError
from common.person_flags import POSE, add_person_flags, add_pose_flag, build_detector, build_estimator, person_source


def parse_args():
    parser = script_parser(__doc__)
    parser.add_argument("--videos", default="videos", help="folder with videos, searched at any depth, or one file")
    parser.add_argument("--image", help="a picture, in place of videos")
    parser.add_argument("--output", default="poses", help="folder for the videos' folders; with --image the picture to write")
    parser.add_argument("--region", choices=("person", "frame"), default="person", help="each person, or the whole picture as one")
    parser.add_argument("--csv", metavar="FILE", help="write a table of features in place of poses")
    parser.add_argument("--path", metavar="RUN", help="with --csv: the run of --model pose_gru that gives the features")
    parser.add_argument("--list", metavar="FILE", help="with --csv: lines 'path class_index', one per clip")
    parser.set_defaults(every=1)
    add_pose_flag(parser, default=None)
    add_person_flags(parser)
    args = parser.parse_args()
    if len({bool(args.csv), bool(args.path), bool(args.list)}) > 1:
        parser.error("--csv, --path and --list go together")
    return args


def main():
    args = parse_args()
    if args.csv:
        return write_table(args)
    estimator = build_estimator(args.pose or POSE)
    return draw_picture(args, estimator) if args.image else read_videos(args, estimator)


def write_table(args):
    """Write --csv: a row of features per clip of --list."""
    import numpy as np

    from common.csv_training import write_features
    from models.run import Run
    from models.runtime import compile
    from video.lists import read_list
    from video.pose_samples import sampler_of

    trained = Run.open(args.path)
    if trained.recogniser != "pose_gru":
        raise InputError(f"{args.path} is a run of {trained.recogniser}; features come from one of pose_gru")
    examples = read_list(args.list, len(trained.classes))
    sampler = sampler_of(trained, build_estimator(args.pose, trained))
    poses = np.stack([sampler(example.path)["pose"] for example in examples])
    model = trained.load_model()
    import keras

    describe = compile(keras.Model(model.input, model.get_layer("temporal").output), args.runtime, precision="float32")
    rows = describe({"pose": poses})
    write_features(args.csv, rows, [trained.classes[example.label] for example in examples])
    print(f"{args.csv}: {len(rows)} clips")


def draw_picture(args, estimator):
    """Find everybody in --image, and write the picture with their skeletons as --output."""
    import cv2

    from common.files import writing
    from video.draw_pose import draw_pose
    from video.pose import pose_in_whole, poses_in

    image = cv2.imread(args.image)
    if image is None:
        raise InputError(f"{args.image} is not a picture that can be read")
    if Path(args.output).suffix.lower() not in (".jpg", ".png"):
        raise InputError(f"--output {args.output}: give the name of a .jpg or .png file for the picture")
    if args.region == "frame":
        poses = [pose_in_whole(estimator, image)]
    else:
        poses = poses_in(estimator, image, build_detector(args).detect([image])[0].tlbr)
    for pose in poses:
        draw_pose(image, pose, estimator.layout)
    with writing(args.output) as partial:
        cv2.imwrite(str(partial), image)
    print(f"{args.output}: {len(poses)} persons")


def read_videos(args, estimator):
    """Write the poses of every video and, with --csv, the table."""
    from video.extract import folder_names
    from video.io import list_videos
    from video.pose_files import POSES, video_poses, write_poses

    videos, failed, found = list_videos(args.videos), 0, []
    persons_of = person_source(args, args.region)
    for path, folder in folder_names(videos, args.videos, args.output):
        try:
            if not (folder / POSES).is_file():
                write_poses(folder / POSES, video_poses(path, estimator, persons_of), estimator.layout)
            found.append((path, folder / POSES))
        except InputError as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
    print(f"{args.output}: poses of {len(found)} videos; {failed} could not be read")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)

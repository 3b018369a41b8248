"""DeepSORT: boxes, with or without appearance features, become identities.

Written from N. Wojke, A. Bewley, D. Paulus, "Simple Online and Realtime Tracking with a Deep Association
Metric", 2017, https://arxiv.org/abs/1703.07402. The tracker needs numpy and scipy only; `deep_sort.appearance`,
which turns pictures into features, needs OpenVINO and OpenCV and is imported by name.
"""

from deep_sort.track import Track
from deep_sort.tracker import Tracker

__all__ = ["Track", "Tracker"]

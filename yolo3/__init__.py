"""Object detection with Darknet networks of the YOLOv3 family, from their own .cfg and .weights files."""

from yolo3.boxes import Detections
from yolo3.detector import Detector

__all__ = ["Detections", "Detector"]

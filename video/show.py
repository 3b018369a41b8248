"""A window that shows the picture while it is made."""

from common.errors import InputError

TITLE = "actions (q ends)"


class Window:
    """Shows frames where `enabled`, does nothing otherwise. Use in a ``with`` block.

    Raises InputError where OpenCV was built without windows (the headless package is).
    """

    def __init__(self, enabled):
        self._enabled = enabled

    def __enter__(self):
        if self._enabled:
            import cv2

            try:
                cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL)
            except cv2.error as error:
                raise InputError(
                    "--show needs an OpenCV with windows and a screen; run: pip uninstall opencv-contrib-python-headless, "
                    "then: pip install 'opencv-contrib-python<5'"
                ) from error
        return self

    def show(self, image):
        """Show (H, W, 3) uint8 BGR; returns False once the user pressed q or Esc."""
        if not self._enabled:
            return True
        import cv2

        cv2.imshow(TITLE, image)
        return cv2.waitKey(1) & 0xFF not in (ord("q"), 27)

    def __exit__(self, *_):
        if self._enabled:
            import cv2

            cv2.destroyAllWindows()

"""The one exception that reaches the user as a single line."""


class InputError(Exception):
    """The user's input cannot be used.

    The message is one line: what is wrong and with which file, then what to do about it.
    Scripts print it as ``error: …`` and exit with 1; any other exception is a bug and keeps its traceback.
    """

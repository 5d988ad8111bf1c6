"""The error that the command line shows without a traceback."""


class OutdialError(Exception):
    """Its text is for the person at the terminal."""

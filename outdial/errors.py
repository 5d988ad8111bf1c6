"""What the command line says instead of a traceback."""


class OutdialError(Exception):
    """Its text is for the person at the terminal."""

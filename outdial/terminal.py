"""How commands write in the terminal: plain tables, and counts with their noun."""

from rich.table import Table


def plain_table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    """A table without lines; the columns at the indexes `right` hold numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index in right else "left")
    return table


def counted(number: int, noun: str) -> str:
    """Like 1 call, or 2,000 calls."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

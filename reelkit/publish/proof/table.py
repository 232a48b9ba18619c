"""Shows people what came of a verification."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reelkit.publish.proof.verify import Verification

_MARKS = {True: "[green]same[/]", False: "[red]differs[/]", None: ""}


def show(done: Verification, console: Console) -> None:
    """Prints a table, then what is wrong, then the verdict."""
    compared = any(row.recorded for row in done.rows)
    table = Table("", "this file", *(("the record", "") if compared else ()), box=None, pad_edge=False)
    for row in done.rows:
        values = (row.what, escape(row.found), escape(row.recorded), _MARKS[row.agrees])
        table.add_row(*(values if compared else values[:2]))
    console.print(table)
    for problem in done.problems:
        console.print(f"[red]problem:[/] {escape(problem)}", highlight=False)
    for remark in done.remarks:
        console.print(f"[yellow]note:[/] {escape(remark)}", highlight=False)
    verdict = "is sound and the file that the record is about" if compared else "is sound"
    ending = verdict if done.passed else "fails"
    console.print(f"{done.path} {ending}", highlight=False, markup=False, soft_wrap=True)

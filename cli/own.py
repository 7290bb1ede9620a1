"""The arguments of `doscope build own`, and a look at one's own data before they are built."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from cli.errors import UsageError
from cli.output import Result

if TYPE_CHECKING:
    from datasets.own_preview import Column, Preview

_SHOWN = 6  # values of a column


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--kind`, `--rename`, `--called` and `--preview`."""
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="COLUMN=KIND",
        help="own: a column is ordinal, cyclic, nominal, binary, or to be left out (ignore); may be repeated",
    )
    parser.add_argument(
        "--rename",
        action="append",
        default=[],
        type=renaming,
        metavar="COLUMN=NAME",
        help="own: the factor that a column makes gets another name; may be repeated",
    )
    parser.add_argument(
        "--called",
        default="",
        metavar="NAME",
        help="own: keep the data under this name, which --dataset takes, beside others of your own",
    )
    parser.add_argument(
        "--preview",
        action="store_true",
        help="own: build nothing; say what the files are taken for, the kinds of the columns, and what "
        "will be possible",
    )


def renaming(text: str) -> str:
    """A factor's new name as "column=name"."""
    column, equals, name = text.rpartition("=")
    if not equals or not column or not name:
        raise argparse.ArgumentTypeError(f"'{text}' is not column=name, such as c1=colour")
    return text


def preview(arguments: argparse.Namespace) -> Result:
    """Looks at one's own data and builds nothing.

    Raises:
        UsageError: another data set, or no source.
        DatasetError: the files are not what they should be, or a kind or name cannot be.
    """
    if arguments.name != "own" or arguments.source is None:
        raise UsageError("--preview looks at your own data: doscope build own --source PLACE --preview")
    from datasets import make_recipe
    from datasets.own import kinds_of, names_of
    from datasets.own_labels import check_names
    from datasets.own_preview import OwnLook

    recipe = make_recipe("own", kinds=arguments.kind, renames=arguments.rename, called=arguments.called)
    names = names_of(recipe)
    steps = OwnLook(arguments.source).preview(kinds_of(recipe))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Preview = end.value
            break
    used = [column.name for column in found.columns if column.kind != "ignore"]
    check_names(found.path, used, names)
    return Result(_data(found, names), _table(found, names))


def _data(found: Preview, names: dict[str, str]) -> dict[str, object]:
    columns = [
        {
            "column": column.name,
            "name": names.get(column.name, column.name),
            "kind": column.kind,
            "values": list(column.values),
            "note": column.note or column.problem,
        }
        for column in found.columns
    ]
    return {
        "source": found.path,
        "form": found.form,
        "images": found.images,
        "columns": columns,
        "notes": list(found.notes),
        **asdict(found.outlook),
    }


def _table(found: Preview, names: dict[str, str]) -> str:
    from datasets.own_preview import words

    split = "; the column split says the splits" if found.has_split else ""
    lines = [f"{found.path}: {found.form}, {found.images:,} images{split}"]
    rows = [("column", "factor", "kind", "values")]
    rows += [
        (column.name, names.get(column.name, column.name), column.kind, _values(column))
        for column in found.columns
    ]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    lines += ["  ".join((*(row[k].ljust(widths[k]) for k in range(3)), row[3])).rstrip() for row in rows]
    return "\n".join([*lines, *found.notes, words(found.outlook)])


def _values(column: Column) -> str:
    shown = ", ".join(column.values[:_SHOWN]) + (", ..." if len(column.values) > _SHOWN else "")
    counted = f"{len(column.values)}: {shown}" if column.values else ""
    return "; ".join(filter(None, (counted, column.note, column.problem)))

"""How a function becomes a command: bundles of options are taken apart, and failures are told in one line."""

import dataclasses
import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

import typer

from reelkit.commands.errors import CommandError
from reelkit.commands.formats import text

F = TypeVar("F", bound=Callable[..., None])


def command(group: typer.Typer, name: str | None = None) -> Callable[[F], F]:
    """Adds the decorated function to ``group``, under its own name if no other is given.

    A parameter whose type is a dataclass is a bundle: its fields become options of the command, in their order. A
    CommandError ends the command with one line on stderr and the error's exit status.
    """

    def add(function: F) -> F:
        group.command(name or function.__name__.replace("_", "-"))(_unbundled(function))
        return function

    return add


def _unbundled(function: Callable[..., None]) -> Callable[..., None]:
    parameters: list[inspect.Parameter] = []
    bundles: dict[str, tuple[Any, list[str]]] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if not dataclasses.is_dataclass(parameter.annotation):
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        types = get_type_hints(parameter.annotation, include_extras=True)
        fields = dataclasses.fields(parameter.annotation)
        bundles[parameter.name] = (parameter.annotation, [field.name for field in fields])
        parameters += [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
            )
            for field in fields
        ]

    def run(**given: Any) -> None:  # noqa: ANN401 - what the options hold
        made = {
            name: bundle(**{field: given.pop(field) for field in fields}) for name, (bundle, fields) in bundles.items()
        }
        try:
            function(**given, **made)
        except CommandError as error:
            _tell(error.message)
            raise typer.Exit(error.exit_status) from error
        except KeyError as error:
            _tell(f"the server's answer lacks {error}: is it a Reelkit server of another version?")
            raise typer.Exit(CommandError.exit_status) from error

    # What typer makes the command of.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return run


def _tell(message: str) -> None:
    print(f"reelkit: {text(message)}", file=sys.stderr)

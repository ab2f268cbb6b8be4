"""What a person sees when something goes wrong: what it was and what to do, in red, and an exit code that means something.

0: done. 1: it was tried and failed. 2: the command line, the configuration or the environment is wrong.
"""

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from desk.errors import ConfigurationError, KummerkastenError, SourceError

FAILED, MISCONFIGURED = 1, 2


class Commands(TyperGroup):
    """A group of commands that turns our own errors, and the database's, into messages; anything else is a fault and keeps its
    traceback.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            complain(str(error))
            raise typer.Exit(MISCONFIGURED) from error
        except KummerkastenError as error:
            complain(str(error), error.advice if isinstance(error, SourceError) else "")
            raise typer.Exit(FAILED) from error
        except BrokenPipeError as error:  # `kummerkasten queue support | head`
            sys.stdout = None
            raise typer.Exit(0) from error
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            complain("What was to be written does not fit: the disk is full", "Free some space, and run the command again.")
            raise typer.Exit(FAILED) from error
        except Exception as error:
            from store.engine import advice, trouble

            if not (said := trouble(error)):
                raise
            complain(f"The database could not work: {said}", advice(error))
            raise typer.Exit(FAILED) from error


def complain(message: str, advice: str = "") -> None:
    """Write to stderr what is wrong and what to do."""
    from flows.cli.show import plain

    typer.secho(plain(message, lines=True), fg="red", err=True)
    if advice:
        typer.secho(plain(advice), err=True)

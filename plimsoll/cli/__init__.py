"""The command `plimsoll`. A subcommand is loaded when it is called, what it needs when it works."""

import gc
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from plimsoll import __version__

COMMANDS = {
    "play": "Play with a market in a browser.",
    "run": "Play a scenario and write a report.",
    "sweep": "Play a scenario many times and sum up the risk.",
    "arena": "Play rules of liquidation side by side.",
    "compare": "Lay two runs or sweeps side by side.",
    "inspect": "Show pools, vaults and positions of a network.",
    "watch": "Watch a network's market and give alerts.",
    "deploy": "Deploy a Factory, pools and vaults.",
    "verify": "Write what block explorers need to show sources.",
    "keep": "Liquidate what can be liquidated of one vault or basket.",
    "new": "Write a scenario, market file or agent to start from.",
    "fetch": "Get Uniswap's contracts, or Anvil, from npm.",
}
EXTRAS = {
    "ape": "ape", "ape_foundry": "ape", "ethpm_types": "ape", "web3": "ape",
    "requests": "ape",
    "prometheus_client": "keeper",
    "starlette": "play", "uvicorn": "play", "websockets": "play", "markupsafe": "play",
    "pytest": "test", "vyper": "test",
    "dask": "lab", "distributed": "lab", "jinja2": "lab", "matplotlib": "lab", "pyarrow": "lab",
}  # fmt: skip
"""Which extra of the package brings a module."""
with_figures = click.option(
    "--figures", type=click.Choice(["png", "pdf"]), multiple=True, help="Pictures so, too, beside SVG."
)  # fmt: skip
"""What `run` and `compare` write pictures as."""
INTERRUPTED = 130  # as shells say it


class Stopped(Exception):
    """Ctrl-C."""


class Whole(click.IntRange):
    """A whole number, called so."""

    name = "whole number"


class Number(click.FloatRange):
    """A number, called so."""

    name = "number"


def require(*modules: str) -> None:
    """Sees that modules are there which are loaded late, or by another process.

    Raises:
        ModuleNotFoundError: one of them is not.
    """
    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(name=module)


class Commands(click.Group):
    """The subcommands, by the names of their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which one needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Loads one."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"plimsoll.cli.{cmd_name}").cli
        assert isinstance(found, click.Command)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Runs one; Ctrl-C is not for click, which would say "Aborted!"."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Stopped from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists them without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


COMPLETION = """Completion of commands and options in bash: put eval
"$(_PLIMSOLL_COMPLETE=bash_source plimsoll)" into ~/.bashrc; zsh and fish have zsh_source and fish_source."""


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=COMPLETION)
@click.version_option(__version__, prog_name="plimsoll")
def cli() -> None:
    """Plimsoll, a lending protocol: play crashes, deploy markets, look at them and keep them."""


def main() -> None:
    """Runs the command; what a person can put right ends in a sentence and an exit code.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    try:
        code = cli.main(prog_name="plimsoll", standalone_mode=False)
        gc.freeze()  # else leaving takes 0.1 s longer
        sys.exit(code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (Stopped, click.Abort):
        raise KeyboardInterrupt from None
    except BrokenPipeError:  # `plimsoll inspect | head`
        sys.stdout = None
        sys.exit(1)
    except OSError as error:  # `plimsoll --help >/dev/full`
        sys.stdout = None
        click.echo(f"Error: what the command says cannot be written ({error.strerror or error}).", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(package)
        if extra is None:
            raise
        click.echo(
            f"Error: {package} is not installed; `pip install 'plimsoll[{extra}]'` brings it.",
            err=True,
        )
        sys.exit(1)

"""What the commands share: options, the account, the client, errors."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import click

from stint_client import Client, Retries, StintError, Wait
from stint_client.cli.account import Account, AccountStore
from stint_client.cli.failures import Failure, explain, not_logged_in, unforeseen

Function = TypeVar("Function", bound=Callable[..., Any])

PATIENCE_SECONDS = 15


@dataclass
class State:
    """What the commands of one run share.

    :param as_json: whether the output is for programs.
    :param patience: seconds to try again if the server does not answer.
    """

    as_json: bool = False
    patience: float = PATIENCE_SECONDS
    store: AccountStore = field(default_factory=AccountStore)

    @cached_property
    def account(self) -> Account:
        """The account. Raises ``Failure`` if nobody is logged in."""
        account = self.store.load()
        if account is None:
            raise not_logged_in()
        return account

    def client(self) -> Client:
        """Return a client of the account, to be used as a context manager."""
        account = self.account
        return Client(
            account.base_url,
            self.store.token(account),
            account.organization_id,
            retries=self.retries(),
        )

    def retries(self) -> Retries:
        """Return how long to try."""
        return Retries(patience=self.patience, notify=self._notify)

    def _notify(self, wait: Wait) -> None:
        if not self.as_json:
            seconds = max(1, round(wait.seconds))
            click.echo(f"{wait.reason}; trying again in {seconds} s ...", err=True)


pass_state = click.make_pass_decorator(State, ensure=True)


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.ensure_object(State).as_json = value


json_option = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_json,
    help="Print JSON, for programs; errors too.",
)


class Commands(click.Group):
    """A group whose commands explain errors of the API, and never show a traceback of one."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (click.Abort, click.exceptions.Exit, click.UsageError):
            raise
        except Exception as error:
            if os.environ.get("STINT_DEBUG"):
                raise
            failure = _explained(error)
            failure.as_json = ctx.ensure_object(State).as_json
            raise failure from error


def _explained(error: Exception) -> Failure:
    if isinstance(error, Failure):
        return error
    return explain(error) if isinstance(error, StintError) else unforeseen(error)

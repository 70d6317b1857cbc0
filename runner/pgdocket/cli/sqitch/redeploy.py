"""What rebase and checkout share: options, settings, and the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from pgdocket.cli.sqitch.call import Call, key_values, set_option
from pgdocket.cli.sqitch.prompt import Prompt
from pgdocket.cli.sqitch.run import lock_options, with_locks
from pgdocket.sqitch.errors import SqitchError

if TYPE_CHECKING:
    from pgdocket.sqitch.deploy import Mode
    from pgdocket.sqitch.engine import Job
    from pgdocket.sqitch.rebase import RebaseOptions

F = TypeVar("F", bound=Callable[..., Any])


def redeploy_options(command: F) -> F:
    """Adds the options of a command that reverts and then deploys."""
    pairs: dict[str, Any] = {"metavar": "KEY=VALUE", "multiple": True, "callback": key_values}
    for option in (
        lock_options,
        click.option("--lock-timeout", type=int, metavar="SECONDS", help="Wait for another run."),
        click.option("--atomic/--no-atomic", default=True, help="One transaction for each change."),
        click.option("--log-only", is_flag=True, help="Write the registry; run no script."),
        click.option("-y", "no_prompt", is_flag=True, help="Don't ask."),
        click.option("-e", "--set-deploy", help="A psql variable for deploy scripts.", **pairs),
        click.option("-r", "--set-revert", help="A psql variable for revert scripts.", **pairs),
        set_option,
        click.option(
            "--verify/--no-verify", default=None, help="Run the verify script of each change."
        ),
        click.option(
            "--mode",
            metavar="all|tag|change",
            help="What a failed deploy takes back: the run, what follows the last tag, or nothing.",
        ),
    ):
        command = option(command)
    return command


def redeploy_job(call: Call, options: Mapping[str, Any]) -> Job:
    """The job, with psql's variables as --set, --set-deploy and --set-revert say."""
    job = with_locks(call, call.job(options["variables"], options["lock_timeout"]), options)
    both = options["variables"]
    given = {
        "deploy": {**both, **options["set_deploy"]},
        "revert": {**both, **options["set_revert"]},
        "verify": {**both, **options["set_deploy"]},
    }
    variables = {
        name: call.configuration.variables(name, call.target, values)
        for name, values in given.items()
    }
    return replace(job, variables=variables)


def redeploy_settings(
    call: Call,
    options: Mapping[str, Any],
    command: str,
    *,
    onto: str | None,
    upto: str | None = None,
    modified: bool = False,
    refusal: str | None,
    hint: str = "use -y",
) -> RebaseOptions:
    """The run as command line and configuration want it.

    `command` is the section whose settings win over those of revert and deploy; `refusal` is what
    must not be done where nobody answers, None where silence may stand for the default; `hint`
    then says what helps.
    """
    from pgdocket.sqitch.deploy import DeployOptions
    from pgdocket.sqitch.rebase import RebaseOptions
    from pgdocket.sqitch.revert import RevertOptions

    get_bool = call.configuration.get_bool
    is_silent = get_bool(f"{command}.no_prompt", default=get_bool("revert.no_prompt"))
    accept = get_bool(
        f"{command}.prompt_accept", default=get_bool("revert.prompt_accept", default=True)
    )
    strict = get_bool(f"{command}.strict", default=get_bool("revert.strict"))
    prompt = Prompt(accept, refusal=refusal, hint=hint, as_json=call.settings.json)
    confirm = None if options["no_prompt"] or is_silent else prompt
    log_only, atomic = options["log_only"], options["atomic"]
    strict = strict and not options.get("everything")
    verify, mode = _verify_and_mode(call, options, command)
    return RebaseOptions(
        RevertOptions(onto, log_only, atomic, confirm, modified, strict),
        DeployOptions(upto, verify, mode, log_only, atomic),
    )


def _verify_and_mode(call: Call, options: Mapping[str, Any], command: str) -> tuple[bool, Mode]:
    """As the command line says, else the command's section, else the section of deploy."""
    get_bool, get = call.configuration.get_bool, call.configuration.get
    verify = options["verify"]
    if verify is None:
        verify = get_bool(f"{command}.verify", default=get_bool("deploy.verify"))
    mode = options["mode"] or get(f"{command}.mode") or get("deploy.mode") or "all"
    if mode not in ("all", "tag", "change"):
        raise SqitchError(f'Unknown mode "{mode}"; use all, tag or change', exit_code=255)
    return verify, cast("Mode", mode)

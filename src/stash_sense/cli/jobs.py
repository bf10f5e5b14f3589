"""`stash-sense jobs`: what the service does, and giving it something to do.

Where no service runs on the data folder, jobs are listed from the state itself, and `run` does one in this process.
"""

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from stash_sense.bootstrap import Services
from stash_sense.cli.context import services_of
from stash_sense.cli.job_fields import fields_in_words
from stash_sense.cli.present import print_json, print_shaped, say
from stash_sense.cli.program import as_typed
from stash_sense.cli.progress import shown_progress
from stash_sense.cli.serving import (
    Document,
    jobs_of,
    payload_of,
    result_of,
    service_here,
    state_of,
    submitted,
    watched,
)
from stash_sense.errors import Cancelled
from stash_sense.jobs.job import in_short
from stash_sense.reports.wording import visible

EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="Long work: what runs, what waits, what has ended.", no_args_is_help=True, add_completion=False
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
JobId = Annotated[int, typer.Argument(help="Number of the job.", show_default=False)]


@app.command("list")
def list_jobs(
    context: typer.Context,
    status: Annotated[list[str] | None, typer.Option(help="Only jobs in this state; can be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many to show.")] = 20,
    json: Json = False,
) -> None:
    """List jobs, newest first."""
    with jobs_of(services_of(context)) as jobs:
        found = jobs.page(status or (), limit)
    if json:
        print_json({"schema": 1, **found})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "what", "state", "progress", "since"):
        table.add_column(heading, overflow="fold")
    for job in found["jobs"]:
        table.add_row(str(job["id"]), job["title"], state_of(job), Text(visible(_progress(job))), _since(job))
    print_shaped(table)


@app.command("types")
def list_types(context: typer.Context, json: Json = False) -> None:
    """List the kinds of jobs there are, and what each takes."""
    with jobs_of(services_of(context)) as jobs:
        kinds = jobs.types()
    if json:
        print_json({"schema": 1, "types": kinds})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("kind", "takes", "what it does"):
        table.add_column(heading, overflow="fold")
    for kind in kinds:
        table.add_row(kind["name"], "", kind["what"])
        for name, of_which_type, what in fields_in_words(kind["payload"]):
            table.add_row(f"  {name}=", of_which_type, Text(what))
    print_shaped(table)


@app.command("run")
def run(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="The kind of job; `jobs types` lists them.", show_default=False)],
    fields: Annotated[
        list[str] | None, typer.Argument(help="What it is given, as name=value; `jobs types` lists it.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Watch it until it ends.")] = True,
    json: Json = False,
) -> None:
    """Put a job into the queue, and watch it until it ends."""
    services = services_of(context)
    with jobs_of(services) as jobs:
        answer = submitted(jobs, kind, payload_of(fields or ()))
        job = answer["job"]
        if wait:
            with shown_progress() as progress:
                job = watched(services, jobs, job, progress)
    if json:
        print_json({"schema": 1, "job": job, "new": answer["new"]})
    elif wait:
        say(_ended(job, result_of(job)))
    else:
        new = "is in the queue" if answer["new"] else f"is {job['status']} already"
        say(f"Job {job['id']} ({job['title']}) {new}; {_seen_by(services, job)}.")


@app.command("watch")
def watch(context: typer.Context, job_id: JobId, json: Json = False) -> None:
    """Watch a job until it ends; stopping the command stops only the watching.

    Where no service runs, the job is done by this command while it watches.
    """
    services = services_of(context)
    with jobs_of(services) as jobs, shown_progress() as progress:
        try:
            job = watched(services, jobs, jobs.job(job_id), progress, stops=False)
        except Cancelled:
            progress.pause()
            further = "goes on" if jobs.begin() else "waits for a service"
            typer.echo(as_typed(f"Job {job_id} {further}; `stash-sense jobs stop {job_id}` stops it."), err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
    if json:
        print_json({"schema": 1, "job": job})
    else:
        say(_ended(job, result_of(job)))


@app.command("stop")
def stop(context: typer.Context, job_id: JobId, json: Json = False) -> None:
    """Stop a job at its next checkpoint; asked again, by force."""
    with jobs_of(services_of(context)) as jobs:
        job = jobs.stop(job_id)
    if json:
        print_json({"schema": 1, "job": job})
    else:
        say(f"Job {job['id']} ({job['title']}) is {job['status']}.")


@app.command("retry")
def retry(context: typer.Context, job_id: JobId, json: Json = False) -> None:
    """Put a job that failed or was stopped back into the queue; it goes on from where it was."""
    services = services_of(context)
    with jobs_of(services) as jobs:
        job = jobs.retry(job_id)
    if json:
        print_json({"schema": 1, "job": job})
    else:
        say(f"Job {job['id']} ({job['title']}) is in the queue; {_seen_by(services, job)}.")


def _seen_by(services: Services, job: Document) -> str:
    """Say who does a job that waits."""
    command = f"`stash-sense jobs watch {job['id']}`"
    if service_here(services) is None:
        return f"no service runs, so {command} does it, or `stash-sense serve`"
    return f"{command} shows how far it is"


def _progress(job: Document) -> str:
    if job["status"] in ("failed", "cancelled", "pending") and job["error_message"]:
        return str(job["error_message"])
    if job["status"] == "completed":  # what it said last is not how it ended
        return ""
    of = "" if job["total"] is None else f" of {job['total']:,}"
    return f"{job['phase']}: {job['done']:,}{of}" if job["phase"] else ""


def _since(job: Document) -> str:
    moment = datetime.fromisoformat(job["completed_at"] or job["started_at"] or job["created_at"])
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _ended(job: Document, result: Document) -> str:
    told = in_short(result)
    return f"Job {job['id']} ({job['title']}) is done{': ' if told else ''}{told}."

"""``allocator bench``."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from allocator.cli.bench_table import BenchTable
from allocator.cli.common import (
    INTERRUPTED,
    NO_VALUE,
    VIOLATIONS,
    Refused,
    Workers,
    clear_errors,
    to_stderr,
    to_stdout,
)
from allocator.report.patience import Patience
from allocator.report.style import BAD, GOOD, INFO, QUIET
from allocator.report.words import count

if TYPE_CHECKING:
    from allocator.bench.case import Case, InstanceSet
    from allocator.bench.run import Run
    from allocator.bench.sets import Source
    from allocator.solve.budget import Control
    from allocator.solve.params import Params

HELP = """Solve instances that others published, and clinics made here, and score them apart.

Without a SET: which sets there are, with their instances. With one: all of its instances, or those
named. Each schedule is scored by the set's own scorer, written from the set's description alone,
which shares no code with the solver. What others reach is told beside it.

Instances are read from the folder in ALLOCATOR_BENCHMARKS, or else from ../shared/data beside the
project: one folder for each set.
"""

EPILOG = """[bold]Examples[/bold]
  Which sets and instances are there?
    [cyan]allocator bench[/cyan]
  Five seeds of one instance, a minute each:
    [cyan]allocator bench cbctt comp01 --seeds 5 --time-limit 60[/cyan]
  A file of your own:
    [cyan]allocator bench meetings my-meetings.json[/cyan]
  A clinic that cannot serve everyone:
    [cyan]allocator bench clinic overloaded-1000[/cyan]
  For another program, with the course of each solve:
    [cyan]allocator bench meetings --json > runs.jsonl[/cyan]

[bold]Exit codes[/bold]
  0  every schedule keeps the hard rules of its set
  1  a scorer finds one that does not: each is told
  2  bad input, as an unknown set or instance
"""


def bench(
    name: Annotated[
        str | None,
        typer.Argument(metavar="SET", help="A set of instances.", show_default=False),
    ] = None,
    instances: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INSTANCE",
            help="Names, unique beginnings of names, or files in the set's form.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option("--time-limit", metavar="S", help="Seconds for each run; reading is free."),
    ] = 30.0,
    workers: Workers = 8,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", help="Runs of each instance: seeds 0 to N-1.")
    ] = 1,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", metavar=NO_VALUE, help="Print one JSON object a line for each run, alone."
        ),
    ] = False,
) -> None:
    """Solve instances of a set and score them apart."""
    with clear_errors(as_json=as_json):
        if name is None:
            _list(as_json=as_json)
            return
        with Patience("starting"):
            from allocator.bench.sets import Unknown, data_folder, select, set_named, where
            from allocator.solve.budget import Control
            from allocator.solve.params import Params

            if seeds < 1:
                raise Refused(f"--seeds is {seeds}; at least 1.")
            settings = [
                Params(time_limit_seconds=time_limit, workers=workers, seed=seed)
                for seed in range(seeds)
            ]
            settings[-1].check()
            try:
                of = set_named(name)
                folder = data_folder() / of.name
                chosen = select(of, folder, instances or ())
            except Unknown as error:
                raise Refused(str(error)) from error
        if of.files and not instances and not folder.is_dir():
            missing = f"Only what is made here is run. {where(of, folder)}"
            to_stderr().print(Text(missing, style=QUIET), soft_wrap=True)
        control = Control()
        done: list[Run] = []
        for source in chosen:
            with Patience(f"{'making' if source.path is None else 'reading'} {source.name}"):
                case = source.case()
            if not done and not as_json:
                _head(to_stdout(), of, settings)
            done += _runs(source, case, settings, control, as_json=as_json)
            if control.stopped:
                break
    wrong = sum(bool(one.broken or one.disputed) for one in done)
    if not as_json:
        _tell_verdict(to_stdout(), len(done), wrong)
    if control.stopped:
        to_stderr().print("Interrupted: the last run was cut short, and no more were begun.")
    if wrong:
        raise typer.Exit(VIOLATIONS)
    if control.stopped:
        raise typer.Exit(INTERRUPTED)


def _runs(
    source: Source, case: Case, settings: list[Params], control: Control, *, as_json: bool
) -> list[Run]:
    """Run an instance with each seed, and tell of each run as it ends."""
    from allocator.bench.run import run

    table = None if as_json else BenchTable(to_stdout(), case, f"{source.of.name} {case.name}")
    done = []
    for params in settings:
        with Patience(f"solving {case.name}") as patience:
            of = f"{case.name}, seed {params.seed}"
            patience.solving(case.problem, params.time_limit_seconds, of)
            one = run(case, params, patience.told, control=control)
        done.append(one)
        if table is None:
            print(json.dumps(_document(source, case, params, one), ensure_ascii=False), flush=True)
        else:
            table.add(one)
        if control.stopped:
            break
    if table is not None:
        table.end(done)
    return done


def _document(source: Source, case: Case, params: Params, one: Run) -> dict[str, object]:
    """Return a run as an object of plain values."""
    return {
        "set": source.of.name,
        "instance": one.instance,
        "seed": one.seed,
        "time_limit_seconds": params.time_limit_seconds,
        "workers": params.workers,
        "status": one.status.name,
        "levels": dict(one.levels),
        "unscored": list(one.unscored),
        "bounds": dict(one.bounds),
        "gaps": dict(one.gaps),
        "broken": list(one.broken),
        "disputed": list(one.disputed),
        "first_schedule_seconds": one.first_schedule_seconds,
        "seconds": one.seconds,
        "course": [{"seconds": seconds, "costs": list(costs)} for seconds, costs in one.course],
        "known": {
            who: known if isinstance(known, str) else list(known)
            for who, known in case.known.items()
        },
    }


def _head(console: Console, of: InstanceSet, settings: list[Params]) -> None:
    """Say what is run, and under which conditions."""
    first, last = settings[0], settings[-1]
    seeds = f"seeds 0 to {last.seed}" if last.seed else "seed 0"
    console.print(Text(of.sentence), style=QUIET)
    console.print(
        Text(
            f"{first.time_limit_seconds:g} s a run, {count(first.workers, 'worker')} on"
            f" {count(os.cpu_count() or 1, 'core')}, {seeds}; allocator {version('allocator')},"
            f" OR-Tools {version('ortools')}."
        ),
        style=QUIET,
    )


def _tell_verdict(console: Console, many: int, wrong: int) -> None:
    if wrong:
        text = f"{count(wrong, 'run')} of {many:,} with broken rules or disputed costs."
        console.print(Text(f"\n{text}", style=f"bold {BAD}"))
    else:
        console.print(Text(f"\n{count(many, 'run')}; the scorer finds nothing broken.", style=GOOD))


def _list(*, as_json: bool) -> None:
    """Tell the sets and their instances."""
    with Patience("starting"):
        from allocator.bench.sets import SETS, VARIABLE, data_folder, sources, where

        folder = data_folder()
        found = [(of, sources(of, folder / of.name)) for of in SETS]
    if as_json:
        for of, some in found:
            names = [source.name for source in some]
            told = {"set": of.name, "sentence": of.sentence, "instances": names}
            print(json.dumps(told, ensure_ascii=False))
        return
    console = to_stdout()
    for of, some in found:
        console.print(Text(of.name, style=f"bold {INFO}"))
        read = ", ".join(source.name for source in some if source.path is not None)
        made = ", ".join(source.name for source in some if source.path is None)
        lines = [Text(of.sentence)]
        lines += [Text(read)] if read else []
        lines += [Text(f"Made here: {made}")] if made else []
        if of.files and not read:
            lines.append(Text(where(of, folder / of.name), style=QUIET))
        for line in lines:
            for part in wrap(line.plain, console.width - 2, break_on_hyphens=False):
                console.print(Text(f"  {part}", style=line.style), soft_wrap=True)
        console.print()
    console.print(
        Text(f"Instances are looked for in {folder}; {VARIABLE} names another folder."),
        soft_wrap=True,
    )
    console.print(Text("Next: allocator bench SET [INSTANCE...]", style=QUIET))

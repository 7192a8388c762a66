"""From a plan to its bundle: run and write in one step, or write results that are there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from precept_stats.data.dataset import Source
from precept_stats.evidence.bundle import Journal, write_bundle
from precept_stats.evidence.checkpoints import KeptAnalyses
from precept_stats.evidence.keys import Signer
from precept_stats.evidence.names import REPORT
from precept_stats.evidence.workshop import workshop
from precept_stats.inference.watching import NOBODY, Watch
from precept_stats.plan.provenance import now
from precept_stats.plan.reader import LoadedPlan
from precept_stats.runner import Progress, run
from precept_stats.values import Results


@dataclass(slots=True)
class Writing:
    """How a bundle is written: over an older one or not, signed by whom, and who hears of progress."""

    force: bool = False
    signers: Sequence[Signer] = ()
    progress: Progress | None = None
    watch: Watch = NOBODY


@dataclass(slots=True)
class _Log:
    """What happened in a run, a line of JSON an event. Names and states only, never a value."""

    lines: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    def tell(self, event: str, analysis: str = "", status: str = "") -> None:
        said = {"analysis": analysis, "status": status}
        seconds = round(time.monotonic() - self.begun, 3)
        kept = {name: text for name, text in said.items() if text}
        self.lines.append(json.dumps({"at": now(), "seconds": seconds, "event": event, **kept}))


def run_bundle(
    loaded: LoadedPlan, data: Mapping[str, Source] | None, target: Path, writing: Writing | None = None
) -> Results:
    """Run a plan and write its bundle to ``target``, whole or not at all.

    A run that was killed goes on from the analyses that it had finished, when plan, data, software and
    machine are the very same; addressed seeds make its rows those of a run that was not. Raises what
    ``run`` raises, and OutputError.
    """
    how = writing or Writing()
    log, started = _Log(), now()
    log.tell("started")
    with workshop(target, force=how.force) as shop:
        kept = KeptAnalyses(shop.kept, log.tell)
        results = run(loaded, data, progress=how.progress, kept=kept, watch=how.watch)
        log.tell("analysed")
        journal = Journal(started, tuple(log.lines))
        shop.deliver(lambda folder: write_bundle(loaded, results, folder, journal, how.signers))
    return results


def publish(
    loaded: LoadedPlan, results: Results, target: Path, *, force: bool = False, signers: Sequence[Signer] = ()
) -> Path:
    """Write results that are there as a bundle, and return the path of its report.

    ``rows.json``, ``rows.parquet``, figures and ``report.html`` have passed the disclosure policy; rows
    at full precision stand in ``sensitive/``. docs/bundle.md tells every file. Raises OutputError.
    """
    journal = Journal(results.provenance.created)
    with workshop(target, force=force) as shop:
        shop.deliver(lambda folder: write_bundle(loaded, results, folder, journal, signers))
    return target / REPORT

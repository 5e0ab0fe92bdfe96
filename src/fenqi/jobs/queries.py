"""How far a background run is."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.utils.translation import gettext as _
from procrastinate.contrib.django.models import ProcrastinateJob

from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound
from fenqi.servicing import queries as servicing

STATES = {"todo": "waiting", "doing": "running", "succeeded": "done"}


class RunUnknown(NotFound):
    """No such run."""

    code = "run_unknown"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`share` 0 to 1 of the dates closed, the open date, the step at work, `state` waiting | running | done | failed."""

    run_id: int
    share: float
    on: datetime.date
    to: datetime.date
    step: str
    state: str
    error: str

    @property
    def is_over(self) -> bool:
        """Nothing more will happen."""
        return self.state in ("done", "failed")


def progress(run_id: int) -> Progress:
    """How far a day-end started by `services.start_dayend` is. Raises: RunUnknown."""
    job = ProcrastinateJob.objects.filter(id=run_id, task_name="run_dayend").first()
    if job is None:
        raise RunUnknown(_("没有这次日终。"))
    first, to = (datetime.date.fromisoformat(job.args[name]) for name in ("first", "to"))
    on = business_date.current()
    state = STATES.get(job.status, "failed")
    step, error = "", ""
    if state in ("running", "failed"):
        steps = [step for run in servicing.dayend_runs(1) for step in run.steps]
        at_work = [item for item in steps if item.state != "finished"] or steps[-1:]
        step = at_work[0].name if at_work else ""
        if state == "failed":
            error = (
                at_work[0].error
                if at_work and at_work[0].error
                else _("日终没有完成，可以再次运行，会从停下的步骤继续。")
            )
    share = 1.0 if state == "done" else min(1.0, max(0.0, (on - first).days / max(1, (to - first).days)))
    return Progress(run_id=run_id, share=share, on=on, to=to, step=step, state=state, error=error)

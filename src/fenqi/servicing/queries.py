"""Reads of servicing. What a loan owes is replayed from its terms and events, so that it is right on any day."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from fenqi.credit import queries as credit
from fenqi.domain.events import Event, EventKind
from fenqi.domain.replay import replay
from fenqi.domain.state import Amounts, Installment, InstallmentStatus, LoanState
from fenqi.domain.terms import LoanTerms
from fenqi.plumbing import business_date
from fenqi.plumbing.errors import NotFound
from fenqi.servicing import loading, pay_links, recording
from fenqi.servicing.mirrors import mirrors_due as mirrors_due
from fenqi.servicing.models import DayEndRun, DayEndStep, Loan, LoanEvent, LoanInstallment, LoanNumber
from fenqi.servicing.projection import CLOSED
from fenqi.servicing.standing import standing_of as standing_of
from fenqi.servicing.views import (
    Bill,
    BillLine,
    Certificate,
    DayEndRunView,
    DayEndStepView,
    EventView,
    InstallmentView,
    LoanView,
    NextBill,
    PayLinkView,
    RepaymentPreview,
)

CLOSED_STATES = frozenset(status.value for status in CLOSED)


class NotSettled(NotFound):
    """The loan is not settled, so there is no certificate of it."""

    code = "not_settled"


def loans(borrower_id: int, on: datetime.date | None = None) -> list[LoanView]:
    """All loans of a borrower as of a date (today without one), newest first. Four queries, however many loans."""
    return _views(Loan.objects.filter(borrower_id=borrower_id), on)


def loan(
    *,
    borrower_id: int,
    loan_id: UUID | None = None,
    number: str | None = None,
    on: datetime.date | None = None,
) -> LoanView:
    """One loan of a borrower. Raises: LoanNotFound."""
    rows = Loan.objects.filter(borrower_id=borrower_id)
    rows = rows.filter(id=loan_id) if loan_id else rows.filter(number=number)
    views = _views(rows, on)
    if not views:
        raise recording.LoanNotFound(_("没有这笔借据。"))
    return views[0]


def loan_by_order(*, borrower_id: int, order_id: UUID) -> LoanView | None:
    """The loan that financed an order, if there is one."""
    views = _views(Loan.objects.filter(borrower_id=borrower_id, order_id=order_id), None)
    return views[0] if views else None


def find_loan(number: str) -> LoanView | None:
    """A loan by the number people read, for staff."""
    known = LoanNumber.objects.filter(number=number.strip().upper()).first()
    return loan(borrower_id=known.borrower_id, loan_id=known.loan_id) if known else None


def loan_number(*, borrower_id: int, loan_id: UUID) -> str:
    """The number people read. Raises: LoanNotFound."""
    return loading.find(borrower_id=borrower_id, loan_id=loan_id).number


def loan_story(*, borrower_id: int, loan_id: UUID) -> tuple[LoanTerms, list[Event]]:
    """Terms and events of a loan we service, for whoever replays it. Raises: LoanNotFound, ServicedByLender."""
    _loan, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    return terms, events


def bills(borrower_id: int, on: datetime.date | None = None) -> list[Bill]:
    """
    A borrower's bills, oldest due first: per lender and due date, over all loans (mirrors of lenders' own included).

    Paid bills are among them; see `state`.
    """
    return bills_of(loans(borrower_id, on))


def bills_of(views: list[LoanView]) -> list[Bill]:
    """The bills of loans already read."""
    lines: dict[tuple[str, datetime.date, str], list[tuple[LoanView, InstallmentView]]] = defaultdict(list)
    for view in views:
        for row in view.installments:
            if row.total_fen:
                lines[(view.lender_code, row.due_on, view.serviced_by)].append((view, row))
    return sorted(
        (_bill(due_on, of_bill) for (_lender, due_on, _by), of_bill in lines.items()),
        key=lambda bill: (bill.due_on, bill.lender_code),
    )


def preview_repayment(
    *, borrower_id: int, loan_id: UUID, amount_fen: int, on: datetime.date | None = None
) -> RepaymentPreview:
    """
    What paying an amount would do; nothing is written.

    Raises: AmountNotPositive, AmountTooLarge, LoanNotFound, ServicedByLender.
    """
    recording.check_amount(amount_fen)
    row, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    on = on or today()
    as_of = max(on, row.last_event_on)
    before = replay(terms, events, as_of)
    event = Event(
        id="preview", kind=EventKind.REPAYMENT, on=on, amount_fen=amount_fen, sequence=row.sequence + 1
    )
    after = replay(terms, [*events, event], as_of)
    outcome = recording.outcome_of(after, "preview")
    following = _next_open(after)
    return RepaymentPreview(
        amount_fen=amount_fen,
        on=on,
        shares=outcome.shares,
        parts=outcome.by_component(),
        overpaid_fen=outcome.overpaid_fen,
        outstanding_before_fen=before.outstanding_fen,
        outstanding_after_fen=after.outstanding_fen,
        next_due_on=following.due_on if following else None,
        next_due_fen=following.outstanding_fen if following else 0,
        days_past_due=after.days_past_due,
    )


def history(*, borrower_id: int, loan_id: UUID) -> list[EventView]:
    """A loan's events with what each met, newest first. Raises: LoanNotFound, ServicedByLender."""
    row, terms, events = loading.story_of(borrower_id=borrower_id, loan_id=loan_id)
    state = replay(terms, events, max(today(), row.last_event_on))
    outcomes = {outcome.event_id: outcome for outcome in state.outcomes}
    views = []
    for kept in LoanEvent.objects.filter(borrower_id=borrower_id, loan_id=loan_id).order_by("-sequence"):
        outcome = outcomes.get(str(kept.sequence))
        views.append(
            EventView(
                sequence=kept.sequence,
                kind=kept.kind,
                on=kept.happened_on,
                amount_fen=kept.amount_fen,
                source=kept.source,
                reference=kept.reference,
                reverses=kept.reverses,
                is_reversed=bool(outcome and outcome.reversed),
                parts=outcome.by_component() if outcome else Amounts(),
                overpaid_fen=outcome.overpaid_fen if outcome else 0,
            )
        )
    return views


def certificate(*, borrower_id: int, loan_id: UUID) -> Certificate:
    """What a settled loan's certificate states. Raises: LoanNotFound, NotSettled."""
    view = loan(borrower_id=borrower_id, loan_id=loan_id)
    if view.state not in ("settled", "overpaid") or view.settled_on is None:
        raise NotSettled(_("这笔借据还没有结清。"), loan=view.number)
    return Certificate(
        number=view.number,
        lender=view.lender_name,
        principal_fen=view.principal_fen,
        paid_fen=view.paid_fen,
        opened_on=view.opened_on,
        settled_on=view.settled_on,
    )


def is_booked(*, borrower_id: int, reference: str) -> bool:
    """Whether money with this reference (a payment's or debit's id) stands in the borrower's books."""
    kept = recording.reference_kept(reference)
    return kept is not None and kept.borrower_id == borrower_id


def overpayments(borrower_id: int) -> list[LoanView]:
    """Loans on which a borrower has money to come back."""
    return _views(Loan.objects.filter(borrower_id=borrower_id, overpaid_fen__gt=0), None)


def pay_link(token: str) -> PayLinkView:
    """The bill of a pay link as it stands now. Raises: NotFound for an unknown token."""
    link = pay_links.find(token)
    if link is None:
        raise NotFound(_("这个链接无效。"))
    ids = tuple(UUID(loan_id) for loan_id in link.loan_ids)
    owed_fen = 0
    lender = link.lender_code
    for view in _views(Loan.objects.filter(borrower_id=link.borrower_id, id__in=ids), None):
        lender = view.lender_name
        owed_fen += sum(row.outstanding_fen for row in view.installments if row.due_on <= link.due_on)
    state = "open" if owed_fen else "paid"
    if owed_fen and today() > link.expires_on:
        state = "expired"
    return PayLinkView(
        borrower_id=link.borrower_id,
        loan_ids=ids,
        lender_code=link.lender_code,
        lender=lender,
        due_on=link.due_on,
        amount_fen=owed_fen,
        state=state,
        expires_on=link.expires_on,
    )


def reported_accounts(pairs: list[tuple[int, UUID]]) -> dict[tuple[int, UUID], tuple[str, str]]:
    """(loan number, product) of many loans, for exports."""
    found: dict[tuple[int, UUID], tuple[str, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.borrower_id, l.id, l.number, l.product FROM servicing_loan l"
            " JOIN unnest(%s::bigint[], %s::uuid[]) AS wanted (borrower_id, id) USING (borrower_id, id)",
            [[pair[0] for pair in pairs], [pair[1] for pair in pairs]],
        )
        for borrower_id, loan_id, number, product in cursor.fetchall():
            found[(borrower_id, loan_id)] = (number, product)
    return found


def next_bills() -> Iterator[NextBill]:
    """Every borrower with an unpaid installment among loans we service, and their earliest bill; streamed."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (borrower_id) borrower_id, id, lender_code,"
            " coalesce(oldest_unpaid_due_on, next_due_on) AS due_on"
            " FROM servicing_loan WHERE serviced_by = 'us' AND outstanding_fen > 0"
            " AND coalesce(oldest_unpaid_due_on, next_due_on) IS NOT NULL ORDER BY borrower_id, due_on, id"
        )
        yield from map(NextBill._make, cursor)


def next_due_on(on: datetime.date) -> datetime.date | None:
    """The first date from `on` on that an installment of a loan we service is due and not paid; none when all is paid."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.due_on FROM servicing_loaninstallment i"
            " JOIN servicing_loan l ON l.borrower_id = i.borrower_id AND l.id = i.loan_id"
            " WHERE i.due_on >= %s AND i.paid_on IS NULL AND l.serviced_by = 'us' AND l.outstanding_fen > 0"
            " ORDER BY i.due_on LIMIT 1",
            [on],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def dayend_runs(limit: int = 20) -> list[DayEndRunView]:
    """The last day-ends, newest first, each with its steps in order."""
    runs = list(DayEndRun.objects.order_by("-business_date")[:limit])
    of_run = defaultdict(list)
    for step in DayEndStep.objects.filter(business_date__in=[run.business_date for run in runs]).order_by(
        "position"
    ):
        seconds = (step.finished_at - step.started_at).total_seconds() if step.finished_at else None
        of_run[step.business_date].append(
            DayEndStepView(
                name=step.name, state=step.state, counts=step.counts, seconds=seconds, error=step.error
            )
        )
    return [
        DayEndRunView(
            on=run.business_date,
            state=run.state,
            started_at=run.started_at,
            finished_at=run.finished_at,
            steps=tuple(of_run[run.business_date]),
        )
        for run in runs
    ]


def today() -> datetime.date:
    """The date pages speak of: the business date in a demo, else the calendar's."""
    return recording.today(business_date.current())


def _views(rows: Iterable[Loan], on: datetime.date | None) -> list[LoanView]:
    found = sorted(rows, key=lambda row: (row.opened_on, str(row.id)), reverse=True)
    if not found:
        return []
    on = on or today()
    names = {code: lender.shown_name for code, lender in credit.lenders().items()}
    borrower_id = found[0].borrower_id
    events = loading.events_of(borrower_id, [row.id for row in found if row.serviced_by == "us"])
    mirrored = [row.id for row in found if row.serviced_by != "us"]
    kept = defaultdict(list)
    if mirrored:
        for installment in LoanInstallment.objects.filter(
            borrower_id=borrower_id, loan_id__in=mirrored
        ).order_by("number"):
            kept[installment.loan_id].append(installment)
    views = []
    for row in found:
        name = names.get(row.lender_code, row.lender_code)
        if row.serviced_by == "us":
            views.append(_view(row, name, events.get(row.id, []), on))
        else:
            views.append(_mirror(row, name, kept[row.id], on))
    return views


def _view(row: Loan, lender_name: str, events: list[Event], on: datetime.date) -> LoanView:
    terms = loading.terms_of(row)
    state = replay(terms, events, on)
    is_closed = state.status in CLOSED
    following = None if is_closed else _next_open(state)
    owed = state.totals.outstanding
    return LoanView(
        borrower_id=row.borrower_id,
        id=row.id,
        number=row.number,
        lender_code=row.lender_code,
        lender_name=lender_name,
        product=row.product,
        serviced_by=row.serviced_by,
        state=state.status.value,
        is_closed=is_closed,
        is_overdue=state.days_past_due > 0,
        is_paused=state.is_paused,
        order_id=row.order_id,
        agreement_id=row.agreement_id,
        opened_on=row.opened_on,
        settled_on=state.settled_on,
        as_of=on,
        terms=terms,
        annual_rate=terms.annual_rate,
        principal_fen=row.principal_fen,
        principal_outstanding_fen=state.principal_outstanding_fen,
        outstanding_fen=state.outstanding_fen,
        overdue_fen=state.overdue_fen,
        due_fen=state.due_fen,
        overpaid_fen=state.overpaid_fen,
        penalty_fen=owed.penalty_fen + owed.late_fee_fen,
        paid_fen=state.totals.paid.total_fen,
        next_due_on=following.due_on if following else None,
        next_due_fen=following.outstanding_fen if following else 0,
        next_number=following.number if following else None,
        days_past_due=state.days_past_due,
        bucket=state.bucket,
        installments=tuple(_installment(one) for one in state.installments),
        totals=state.totals,
        pay_url="",
        external_number="",
    )


def _next_open(state: LoanState) -> Installment | None:
    """The first installment that is still to pay: the overdue one before the one to come."""
    return next((row for row in state.installments if row.outstanding_fen > 0), None)


def _installment(row: Installment) -> InstallmentView:
    return InstallmentView(
        number=row.number,
        starts_on=row.starts_on,
        due_on=row.due_on,
        balance_after_fen=row.balance_after_fen,
        principal_fen=row.principal_fen,
        interest_fen=row.interest_fen,
        fee_fen=row.fee_fen,
        penalty_fen=row.penalty_fen,
        late_fee_fen=row.late_fee_fen,
        total_fen=row.total_fen,
        paid_fen=row.paid_fen,
        outstanding_fen=row.outstanding_fen,
        paid_on=row.paid_on,
        status=row.status,
        days_past_due=row.days_past_due,
        is_down_payment=row.is_down_payment,
    )


def _mirror(row: Loan, lender_name: str, kept: list[LoanInstallment], on: datetime.date) -> LoanView:
    installments = tuple(_mirrored_installment(one, on) for one in kept)
    open_rows = [one for one in installments if not one.is_paid]
    late = [one for one in open_rows if one.status is InstallmentStatus.OVERDUE]
    following = open_rows[0] if open_rows else None
    days = late[0].days_past_due if late else 0
    return LoanView(
        borrower_id=row.borrower_id,
        id=row.id,
        number=row.number,
        lender_code=row.lender_code,
        lender_name=lender_name,
        product=row.product,
        serviced_by=row.serviced_by,
        state=row.state,
        is_closed=row.state in CLOSED_STATES,
        is_overdue=bool(late),
        is_paused=False,
        order_id=row.order_id,
        agreement_id=row.agreement_id,
        opened_on=row.opened_on,
        settled_on=row.settled_on,
        as_of=on,
        terms=None,
        annual_rate=Decimal(0),
        principal_fen=row.principal_fen,
        principal_outstanding_fen=row.principal_outstanding_fen,
        outstanding_fen=row.outstanding_fen,
        overdue_fen=sum(one.outstanding_fen for one in late),
        due_fen=sum(one.outstanding_fen for one in open_rows if one.due_on <= on),
        overpaid_fen=0,
        penalty_fen=sum(one.penalty_fen for one in open_rows),
        paid_fen=sum(one.paid_fen for one in installments),
        next_due_on=following.due_on if following else None,
        next_due_fen=following.outstanding_fen if following else 0,
        next_number=following.number if following else None,
        days_past_due=days,
        bucket=f"M{min(7, (days + 29) // 30)}",
        installments=installments,
        totals=None,
        pay_url=row.pay_url,
        external_number=row.external_number,
    )


def _mirrored_installment(row: LoanInstallment, on: datetime.date) -> InstallmentView:
    total_fen = row.principal_fen + row.interest_fen + row.fee_fen + row.penalty_fen + row.late_fee_fen
    paid_fen = row.principal_paid_fen + row.interest_paid_fen + row.fee_paid_fen + row.penalty_paid_fen
    days = max(0, (on - row.due_on).days)
    if row.paid_on is not None:
        status = InstallmentStatus.PAID
    elif days:
        status = InstallmentStatus.OVERDUE
    else:
        status = InstallmentStatus.DUE if row.due_on == on else InstallmentStatus.UPCOMING
    return InstallmentView(
        number=row.number,
        starts_on=row.starts_on,
        due_on=row.due_on,
        balance_after_fen=row.balance_after_fen,
        principal_fen=row.principal_fen,
        interest_fen=row.interest_fen,
        fee_fen=row.fee_fen,
        penalty_fen=row.penalty_fen,
        late_fee_fen=row.late_fee_fen,
        total_fen=total_fen,
        paid_fen=total_fen if row.paid_on else paid_fen,
        outstanding_fen=0 if row.paid_on else total_fen - paid_fen,
        paid_on=row.paid_on,
        status=status,
        days_past_due=days if status is InstallmentStatus.OVERDUE else 0,
    )


def _bill(due_on: datetime.date, lines: list[tuple[LoanView, InstallmentView]]) -> Bill:
    first = lines[0][0]
    left_fen = sum(row.outstanding_fen for _view, row in lines)
    days = max(row.days_past_due for _view, row in lines)
    if not left_fen:
        state = "paid"
    elif any(row.status is InstallmentStatus.OVERDUE for _view, row in lines):
        state = "overdue"
    else:
        state = "due" if due_on <= first.as_of else "upcoming"
    return Bill(
        lender_code=first.lender_code,
        lender_name=first.lender_name,
        due_on=due_on,
        amount_fen=left_fen,
        total_fen=sum(row.total_fen for _view, row in lines),
        paid_fen=sum(row.paid_fen for _view, row in lines),
        state=state,
        days_past_due=days,
        serviced_by=first.serviced_by,
        pay_url=next((view.pay_url for view, _row in lines if view.pay_url), ""),
        lines=tuple(
            BillLine(
                loan_id=view.id,
                loan_number=view.number,
                order_id=view.order_id,
                product=view.product,
                installment_number=row.number,
                installments=len(view.installments),
                amount_fen=row.outstanding_fen,
                total_fen=row.total_fen,
                parts=Amounts(
                    row.principal_fen, row.interest_fen, row.fee_fen, row.penalty_fen, row.late_fee_fen
                ),
            )
            for view, row in lines
        ),
    )

"""
Two pairs of eyes: one member of staff proposes, another sees the very same figures and lets it happen, once.

A kind draws a picture of what will change. Its digest covers kind, subject, arguments and every figure; it is kept with the
proposal, carried by the page the checker reads, and made anew at the moment of approval: what was shown is what is done.
The service that does it spends the approval inside its own transaction, so that no other way leads to it.
Proposals, decisions and what was carried out only grow; the database refuses a checker who is the maker.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing import audit, business_date, clock, rule_data
from fenqi.plumbing.errors import Conflict, NotAllowed, NotFound, Refusal
from fenqi.plumbing.ids import new_id
from fenqi.plumbing.models import Proposal, ProposalCarriedOut, ProposalDecision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from uuid import UUID

ADMIN = "admin"
APPROVED, REJECTED, WITHDRAWN, STALE = "approved", "rejected", "withdrawn", "stale"
WAITING, EXPIRED = "waiting", "expired"


class KindUnknown(NotFound):
    """Nothing of this kind is known to need a second pair of eyes."""

    code = "proposal_kind_unknown"


class ProposalUnknown(NotFound):
    """No such proposal."""

    code = "proposal_unknown"


class NotYourRole(NotAllowed):
    """This member's role may not propose, or not decide, this kind."""

    code = "not_your_role"


class OwnProposal(NotAllowed):
    """Maker and checker are one person."""

    code = "own_proposal"


class AlreadyProposed(Conflict):
    """The same is already waiting for a second pair of eyes; `details["proposal_id"]`."""

    code = "already_proposed"


class AlreadyDecided(Conflict):
    """Somebody was faster, the maker took it back, or its time is over."""

    code = "proposal_decided"


class Stale(Conflict):
    """What would happen is no longer what was proposed or shown."""

    code = "proposal_stale"


class WhyMissing(Refusal):
    """A proposal or a decision without a reason."""

    code = "proposal_reason_missing"


class SecondPairMissing(NotAllowed):
    """No approval for exactly this, or one that was spent before."""

    code = "second_pair_missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Who acts. `person` is the same text for every account of one human being."""

    name: str
    person: str
    roles: frozenset[str]

    @property
    def actor(self) -> str:
        """How they stand in the audit trail."""
        return self.name if ":" in self.name else f"staff:{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One figure before and after: int is fen, text is a code, a date or a masked value in no language."""

    label: Any
    before: int | str
    after: int | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What will happen, in figures."""

    title: Any
    lines: list[Line]


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """What was agreed by two people, handed to the action."""

    id: UUID
    kind: str
    subject: str
    borrower_id: int | None
    arguments: dict[str, Any]
    reason: str
    maker: str
    checker: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One sort of action that needs two: who may propose it, who may approve it, what it changes, how it is done."""

    code: str
    label: Any
    makers: tuple[str, ...]
    checkers: tuple[str, ...]
    picture: Callable[[dict[str, Any]], Picture]
    carry_out: Callable[[Approval], None]


def kinds() -> Mapping[str, Kind]:
    """Every kind, by its code."""
    return _load(tuple(settings.FENQI_FOUR_EYES))


@lru_cache(maxsize=4)
def _load(paths: tuple[str, ...]) -> dict[str, Kind]:
    found = [import_string(path) for path in paths]
    return {kind.code: kind for kind in found}


def kind_of(code: str) -> Kind:
    """Raises: KindUnknown."""
    kind = kinds().get(code)
    if kind is None:
        raise KindUnknown(_("没有这种复核事项。"))
    return kind


def digest_of(
    *, kind: str, subject: str, borrower_id: int | None, arguments: dict[str, Any], lines: Iterable[Line]
) -> bytes:
    """What stands for all that is shown; no word of any language is in it."""
    figures = [[line.before, line.after] for line in lines]
    body = json.dumps([kind, subject, borrower_id, arguments, figures], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(body.encode()).digest()


@transaction.atomic
def propose(
    *,
    maker: Member,
    kind: str,
    subject: str,
    arguments: dict[str, Any],
    reason: str,
    borrower_id: int | None = None,
) -> UUID:
    """
    Lay something before a second pair of eyes. `arguments` are JSON values.

    Raises: KindUnknown, NotYourRole, WhyMissing, AlreadyProposed, and whatever the kind's picture refuses.
    """
    asked = kind_of(kind)
    _insist_on_role(maker, asked.makers, _("您的角色不能提交这类复核。"))
    why = _reason(reason)
    _queue_up(f"{kind} {subject}")
    standing = waiting_for(subject=subject, kind=kind)
    if standing is not None:
        raise AlreadyProposed(_("同样的事项已在等待复核。"), proposal_id=str(standing))
    picture = asked.picture(dict(arguments))
    now = clock.now()
    hours = rule_data.value("proposal_hours", on=business_date.current())
    proposal = Proposal.objects.create(
        id=new_id(),
        kind=kind,
        subject=subject,
        borrower_id=borrower_id,
        arguments=json.dumps(arguments, sort_keys=True, ensure_ascii=False),
        picture=_written(picture),
        digest=digest_of(
            kind=kind, subject=subject, borrower_id=borrower_id, arguments=arguments, lines=picture.lines
        ),
        reason=why,
        maker=maker.name,
        maker_person=maker.person,
        made_at=now,
        expires_at=now + datetime.timedelta(hours=hours),
    )
    _note(maker, "proposed", proposal, why)
    return proposal.id


def approve(*, checker: Member, proposal_id: UUID, shown: str, reason: str) -> None:
    """
    Let a proposal happen, now and once. `shown` is the digest, in hex, of the page the checker read.

    Raises: ProposalUnknown, AlreadyDecided, NotYourRole, OwnProposal, WhyMissing; Stale when the figures have moved (the
    proposal is then closed); and whatever the action refuses (the proposal then goes on waiting).
    """
    why = _reason(reason)
    try:
        with transaction.atomic():
            proposal = _lock(proposal_id)
            kind = _insist_on_second_pair(checker, proposal)
            arguments = json.loads(proposal.arguments)
            present = _present_digest(kind, proposal, arguments)
            if present != bytes(proposal.digest) or present.hex() != shown:
                raise Stale(_("情况有变：现在执行的结果与提交时不同，这项复核已关闭，请重新提交。"))
            _decide(proposal, checker, APPROVED, why)
            kind.carry_out(
                Approval(
                    id=proposal.id,
                    kind=proposal.kind,
                    subject=proposal.subject,
                    borrower_id=proposal.borrower_id,
                    arguments=arguments,
                    reason=proposal.reason,
                    maker=proposal.maker,
                    checker=checker.name,
                )
            )
            if not ProposalCarriedOut.objects.filter(proposal_id=proposal.id).exists():
                raise RuntimeError(f"the action of {kind.code} does not spend its approval")
    except Stale:
        with transaction.atomic():
            _decide(_lock(proposal_id), checker, STALE, why)
        raise


@transaction.atomic
def reject(*, checker: Member, proposal_id: UUID, reason: str) -> None:
    """Close a proposal; nothing happens. Raises: as `approve`."""
    why = _reason(reason)
    proposal = _lock(proposal_id)
    _insist_on_second_pair(checker, proposal)
    _decide(proposal, checker, REJECTED, why)


@transaction.atomic
def withdraw(*, maker: Member, proposal_id: UUID, reason: str = "") -> None:
    """The maker takes it back. Raises: ProposalUnknown, AlreadyDecided, NotYourRole."""
    proposal = _lock(proposal_id)
    if proposal.maker != maker.name:
        raise NotYourRole(_("只有提交人可以撤回。"))
    _decide(proposal, maker, WITHDRAWN, reason.replace("\x00", "").strip()[:300])


def spend(*, approval_id: UUID | None, kind: str, arguments: dict[str, Any]) -> None:
    """
    Called by the guarded service inside its transaction: this approval, for exactly these arguments, is used up now.

    Raises: SecondPairMissing when there is none, it is for something else, or it was spent before.
    """
    missing = SecondPairMissing(_("这项操作需要另一位同事复核后才能执行。"))
    proposal = Proposal.objects.filter(id=approval_id, kind=kind).first()
    if proposal is None or json.loads(proposal.arguments) != json.loads(json.dumps(arguments, default=str)):
        raise missing
    if not ProposalDecision.objects.filter(proposal_id=approval_id, verdict=APPROVED).exists():
        raise missing
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plumbing_proposalcarriedout (proposal_id, verdict, at) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [approval_id, APPROVED, clock.now()],
        )
        if not cursor.rowcount:
            raise missing


def waiting_for(*, subject: str, kind: str | None = None) -> UUID | None:
    """The proposal about this subject that still waits, or None."""
    rows = undecided().filter(subject=subject)
    if kind is not None:
        rows = rows.filter(kind=kind)
    return rows.values_list("id", flat=True).first()


def undecided() -> Any:
    """Proposals nobody has decided and whose time is not over."""
    decided = ProposalDecision.objects.values("proposal_id")
    return Proposal.objects.exclude(id__in=decided).filter(expires_at__gt=clock.now()).order_by("made_at")


def present_picture(proposal: Proposal) -> tuple[Picture, str]:
    """What would happen now, and its digest in hex. Raises: whatever the kind refuses."""
    kind, arguments = kind_of(proposal.kind), json.loads(proposal.arguments)
    picture = kind.picture(dict(arguments))
    return picture, _digest(proposal, arguments, picture).hex()


def holds(roles: Iterable[str], wanted: tuple[str, ...]) -> bool:
    """One of the wanted roles, or admin."""
    return bool(set(roles) & {*wanted, ADMIN})


def _present_digest(kind: Kind, proposal: Proposal, arguments: dict[str, Any]) -> bytes:
    try:
        return _digest(proposal, arguments, kind.picture(dict(arguments)))
    except (Conflict, NotFound) as e:
        raise Stale(_("情况有变，不能再执行：%(why)s") % {"why": e}) from e


def _digest(proposal: Proposal, arguments: dict[str, Any], picture: Picture) -> bytes:
    return digest_of(
        kind=proposal.kind,
        subject=proposal.subject,
        borrower_id=proposal.borrower_id,
        arguments=arguments,
        lines=picture.lines,
    )


def _written(picture: Picture) -> str:
    """The picture to keep, in the language of the source: its labels are the keys every translation starts from."""
    with translation.override(settings.LANGUAGE_CODE):
        lines = [[str(line.label), line.before, line.after] for line in picture.lines]
        return json.dumps({"title": str(picture.title), "lines": lines}, ensure_ascii=False)


def kept_picture(proposal: Proposal) -> tuple[Picture, str]:
    """What was shown when it was proposed, in the reader's language, and the digest of just that in hex."""
    kept = json.loads(proposal.picture)
    lines = [Line(label=gettext(label), before=before, after=after) for label, before, after in kept["lines"]]
    picture = Picture(title=gettext(kept["title"]), lines=lines)
    return picture, _digest(proposal, json.loads(proposal.arguments), picture).hex()


def _insist_on_role(member: Member, wanted: tuple[str, ...], why: Any) -> None:
    if not holds(member.roles, wanted):
        raise NotYourRole(why)


def _insist_on_second_pair(checker: Member, proposal: Proposal) -> Kind:
    kind = kind_of(proposal.kind)
    _insist_on_role(checker, kind.checkers, _("您的角色不能复核这类事项。"))
    if checker.name == proposal.maker or checker.person == proposal.maker_person:
        raise OwnProposal(_("不能复核自己提交的事项，请由另一位同事处理。"))
    return kind


def _lock(proposal_id: UUID) -> Proposal:
    """Decisions of one proposal queue up. Raises: ProposalUnknown, AlreadyDecided."""
    _queue_up(str(proposal_id))
    proposal = Proposal.objects.filter(id=proposal_id).first()
    if proposal is None:
        raise ProposalUnknown(_("没有这项复核。"))
    if ProposalDecision.objects.filter(proposal_id=proposal_id).exists():
        raise AlreadyDecided(_("这项复核已由同事处理或已撤回，没有重复执行。"))
    if proposal.expires_at <= clock.now():
        raise AlreadyDecided(_("这项复核已过期，请重新提交。"))
    return proposal


def _queue_up(what: str) -> None:
    """Wait for others who are at the same thing; ends with the transaction. (The tables only grow: no row to lock.)"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"four eyes: {what}"])


def _decide(proposal: Proposal, by: Member, verdict: str, reason: str) -> None:
    ProposalDecision.objects.create(
        proposal_id=proposal.id,
        verdict=verdict,
        maker=proposal.maker,
        maker_person=proposal.maker_person,
        by=by.name,
        by_person=by.person,
        reason=reason,
        at=clock.now(),
    )
    _note(by, verdict, proposal, reason)


def _note(by: Member, what: str, proposal: Proposal, reason: str) -> None:
    audit.record(
        actor=by.actor,
        action=f"proposal.{what}",
        subject=proposal.subject,
        reason=reason,
        proposal_id=proposal.id,
        kind=proposal.kind,
        maker=proposal.maker,
        digest=bytes(proposal.digest).hex(),
    )


def _reason(text: str) -> str:
    why = text.replace("\x00", "").strip()[:300]
    if not why:
        raise WhyMissing(_("请写明理由。"), field="reason")
    return why

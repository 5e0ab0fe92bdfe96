"""
Partners are told of events at an address of their own: signed, tried again until it is taken, safe to hear twice.

A notice carries an id, in its body and in a header: the same one again is the same event. It is signed with the hook's own
secret over time and body (plumbing.signing); a receiver that refuses old times and ids it knows cannot be fooled by a copy.
"""

from __future__ import annotations

import datetime
import json
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.partners.models import Hook, HookNotice, HookNoticeState, PartnerKind
from fenqi.partners.ports import HookSilent
from fenqi.partners.services import NoSuchKey, PartnerMisstated
from fenqi.plumbing import audit, clock, ports, signing
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from fenqi.partners.ports import HookPort

EVENTS = ("loan.opened", "loan.settled")
ID_HEADER = "X-Fenqi-Notice"
AT_ONCE = 50
# Whoever takes notices has this long before another worker may try; then the pauses after a try that failed, two days in all.
TAKEN_SECONDS = 600
PAUSES_SECONDS = (10, 60, 300, 1800, 7200, 21_600, 43_200, 86_400)


class NoSuchHook(NoSuchKey):
    """There is no such hook, or it was ended before."""

    code = "no_such_hook"


@transaction.atomic
def add(*, kind: str, code: str, url: str, events: list[str], actor: str) -> tuple[str, str]:
    """
    Tell a partner of these events from now on; gives the hook's id and its secret, which is told here and never again.

    Raises: PartnerMisstated.
    """
    is_known = kind in PartnerKind.values and code and events and not set(events) - set(EVENTS)
    if not is_known or not _is_address(url):
        raise PartnerMisstated(
            _("请写明合作方、https 地址和要通知的事项。"), partner=f"{kind}:{code}", url=url, events=events
        )
    hook_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    Hook.objects.create(id=hook_id, kind=kind, code=code, url=url, events=sorted(set(events)), secret=secret)
    audit.record(
        actor=actor,
        action="partners.hook.added",
        subject=f"partner:{kind}:{code}",
        hook=hook_id,
        events=events,
    )
    return hook_id, secret


@transaction.atomic
def end(*, hook_id: str, actor: str, reason: str) -> None:
    """Tell a hook no more; what still waits for it is given up. Raises: NoSuchHook."""
    if not Hook.objects.filter(id=hook_id, ended_at__isnull=True).update(ended_at=clock.wall()):
        raise NoSuchHook(_("没有这个通知地址，或已经停用。"))
    waiting = HookNotice.objects.filter(hook_id=hook_id, state=HookNoticeState.WAITING)
    waiting.update(state=HookNoticeState.GIVEN_UP, body="", answer="ended", ended_at=clock.wall())
    audit.record(actor=actor, action="partners.hook.ended", subject=f"hook:{hook_id}", reason=reason)


def is_wanted(event: str) -> bool:
    """Whether any partner wants to hear of it."""
    return _wanting(event).exists()


@transaction.atomic
def tell(*, event: str, lender_code: str, is_of_a_shop: bool, facts: dict[str, Any]) -> int:
    """
    Queue an event of a loan for those whose it is: its lender, and the shop where it paid an order; tells for how many.

    `facts` are JSON values that name no person. Once for each call: inside the transaction that must not be repeated.
    """
    now = clock.wall()
    made = []
    for hook in _wanting(event):
        if (hook.kind, hook.code) == (PartnerKind.LENDER, lender_code) or (
            hook.kind == PartnerKind.SHOP and is_of_a_shop
        ):
            notice_id = new_id()
            body = {"id": str(notice_id), "event": event, "at": now.isoformat(), "facts": facts}
            made.append(
                HookNotice(
                    id=notice_id,
                    hook_id=hook.id,
                    event=event,
                    body=json.dumps(body, ensure_ascii=False),
                    next_try_at=now,
                )
            )
    HookNotice.objects.bulk_create(made)
    return len(made)


def deliver_due(*, at_once: int = AT_ONCE) -> int:
    """
    Hand over what is due; tells how many were taken. Several workers may call it at once. Not inside a transaction.

    An address that fails is left alone for this time: what else waits for it is not tried.
    """
    taken, failed = 0, set()
    while batch := _take(at_once):
        hooks = {hook.id: hook for hook in Hook.objects.filter(id__in={one.hook_id for one in batch})}
        for notice in batch:
            if notice.hook_id in failed:
                _put_off(notice, PAUSES_SECONDS[0])
                continue
            answer = _post(hooks[notice.hook_id], notice)
            if answer.isdigit() and 200 <= int(answer) < 300:
                _end(notice, HookNoticeState.SENT, answer)
                taken += 1
            else:
                failed.add(notice.hook_id)
                _failed(notice, answer)
    return taken


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    schemes = {"https", "http"} if settings.DEMO else {"https"}
    return bool(parts.scheme in schemes and parts.hostname and not parts.username and url.isprintable())


def _wanting(event: str) -> Any:
    return Hook.objects.filter(ended_at__isnull=True, events__contains=[event])


@transaction.atomic
def _take(at_once: int) -> list[HookNotice]:
    """The next notices, the oldest first, put back so that no other worker takes them while we call."""
    now = clock.wall()
    due = HookNotice.objects.select_for_update(skip_locked=True).filter(
        state=HookNoticeState.WAITING, next_try_at__lte=now
    )
    batch = list(due.order_by("next_try_at", "id")[:at_once])
    HookNotice.objects.filter(id__in=[one.id for one in batch]).update(
        next_try_at=now + datetime.timedelta(seconds=TAKEN_SECONDS)
    )
    return batch


def _post(hook: Hook, notice: HookNotice) -> str:
    """The status of the answer, or why there was none."""
    port: HookPort = ports.get("hooks")
    body = notice.body.encode()
    headers = signing.sign(body, secret=hook.secret, at=int(time.time())) | {
        ID_HEADER: str(notice.id),
        "Content-Type": "application/json; charset=utf-8",
    }
    try:
        return str(port.post(url=hook.url, body=body, headers=headers))
    except HookSilent as e:
        return str(e)[:60]


def _failed(notice: HookNotice, answer: str) -> None:
    if notice.tries >= len(PAUSES_SECONDS):
        _end(notice, HookNoticeState.GIVEN_UP, answer)
        return
    pause = PAUSES_SECONDS[notice.tries]
    HookNotice.objects.filter(id=notice.id, state=HookNoticeState.WAITING).update(
        tries=notice.tries + 1,
        answer=answer,
        next_try_at=clock.wall() + datetime.timedelta(seconds=pause),
    )


def _put_off(notice: HookNotice, seconds: int) -> None:
    HookNotice.objects.filter(id=notice.id, state=HookNoticeState.WAITING).update(
        next_try_at=clock.wall() + datetime.timedelta(seconds=seconds)
    )


def _end(notice: HookNotice, state: HookNoticeState, answer: str) -> None:
    HookNotice.objects.filter(id=notice.id, state=HookNoticeState.WAITING).update(
        state=state, body="", answer=answer, ended_at=clock.wall()
    )

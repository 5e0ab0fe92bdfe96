"""The first administrators: the desk that lets people in needs somebody to sit at it, and roles need two people."""

from __future__ import annotations

from django.contrib.auth.hashers import is_password_usable
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.people.models import StaffLink, StaffMember
from fenqi.people.services.staff import Role
from fenqi.people.services.staff_desk import give_roles, make_staff_link, open_staff_account
from fenqi.plumbing import clock
from fenqi.plumbing.errors import Conflict

NEEDED = 2
"""One proposes roles, another agrees: with two human beings the house goes on by itself."""


class AdministratorsStand(Conflict):
    """Enough administrators can come in: the staff desk is the way."""

    code = "administrators_stand"


@transaction.atomic
def open_administrator(*, by: str, name: str, shown_name: str, person: str) -> str:
    """
    Make an administrator; gives the token of the link by which they choose a password.

    For whoever runs the machine, in an empty house or in one that has lost its administrators: only while fewer than two
    human beings (`person`, the employee number) hold that role and can come in. Asked again for one whose link ran out
    before it was used, another link. Raises: AdministratorsStand, Unreadable, StaffNameTaken.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('people: first administrators', 0))")
    name, person = name.strip().lower(), person.strip()
    administrators = _administrators()
    standing = {member.person for member in administrators if _can_come_in(member)}
    if len(standing) >= NEEDED:
        raise AdministratorsStand(_("已有两位管理员，请由他们在员工页处理。"), persons=len(standing))
    if person in standing:
        raise refusals.Unreadable(_("这个工号已经是管理员。第二位管理员须是另一个人。"), field="person")
    reason = "由主机上的命令开立"
    if any((one.name, one.person) == (name, person) for one in administrators):
        return make_staff_link(by=by, name=name, reason=reason)
    token = open_staff_account(by=by, name=name, shown_name=shown_name, person=person, reason=reason)
    give_roles(name=name, roles=[Role.ADMIN], by=by, reason=reason)
    return token


def _administrators() -> list[StaffMember]:
    return [
        member
        for member in StaffMember.objects.filter(is_active=True, is_locked=False)
        if Role.ADMIN in member.roles
    ]


def _can_come_in(member: StaffMember) -> bool:
    """By a password, or by a link that still lets them choose one."""
    return (
        is_password_usable(member.password)
        or StaffLink.objects.filter(member=member, used_at=None, expires_at__gt=clock.wall()).exists()
    )

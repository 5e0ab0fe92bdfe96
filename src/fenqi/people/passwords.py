"""Passwords of staff: long enough, and none that stands on the lists attackers try first."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from fenqi.people import refusals
from fenqi.plumbing import business_date, rule_data


class PasswordRefused(refusals.Unreadable):
    """The new password is too short, too common, or made of the member's own name."""

    code = "password_refused"


def check(password: str, *, name: str, shown_name: str = "", field: str = "password") -> None:
    """
    Refuse what is guessed first. No rule asks for signs of every kind, and none runs out: that makes worse passwords.

    Raises: PasswordRefused.
    """
    rules: dict[str, Any] = rule_data.value("staff_password", on=business_date.current())
    if len(password) < rules["least"]:
        raise PasswordRefused(
            _("密码至少 %(n)d 位，可以用几个词连成一句。") % {"n": rules["least"]}, field=field
        )
    if len(password) > rules["most"]:
        raise PasswordRefused(_("密码最多 %(n)d 位。") % {"n": rules["most"]}, field=field)
    if _is_common(password):
        raise PasswordRefused(_("这个密码在泄露名单上，最先被人试，请换一个。"), field=field)
    rest = password.lower()
    for own in (name, shown_name, "fenqi"):
        rest = rest.replace(own.lower(), "") if own else rest
    # Without the words everybody knows there must be enough left to guess.
    if len(rest) < rules["least"] // 2 + 2:
        raise PasswordRefused(_("密码里除了账号和产品名，剩下的太短，请换一个。"), field=field)


def _is_common(password: str) -> bool:
    """On the list of 20,000 that ships with Django, as it is or with digits and signs hung on."""
    stem = password.lower().strip("0123456789!@#$%^&*()_+-=.?~ ")
    for candidate in {password, stem}:
        try:
            _LIST.validate(candidate)
        except ValidationError:
            return True
    return len(set(password)) < 5


_LIST = CommonPasswordValidator()

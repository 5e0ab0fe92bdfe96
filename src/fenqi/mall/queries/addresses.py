"""The address book, unsealed for its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import AddressMissing
from fenqi.mall.models import Address as AddressRow

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where goods go."""

    id: UUID
    recipient: str
    phone: str
    province: str
    city: str
    district: str
    street: str
    is_default: bool

    @property
    def line(self) -> str:
        """In one line, without a city that repeats its province."""
        parts = [self.province, self.city if self.city != self.province else "", self.district, self.street]
        return " ".join(filter(None, parts))


def addresses(*, borrower_id: int) -> tuple[Address, ...]:
    """All of one shopper, the default first."""
    rows = AddressRow.objects.filter(borrower_id=borrower_id).order_by("-is_default", "-added_at")
    return tuple(_address(row) for row in rows)


def address(*, borrower_id: int, address_id: UUID) -> Address:
    """One of them. Raises: AddressMissing."""
    row = AddressRow.objects.filter(borrower_id=borrower_id, id=address_id).first()
    if row is None:
        raise AddressMissing(_("没有这个地址。"), field="address_id")
    return _address(row)


def _address(row: AddressRow) -> Address:
    return Address(**{name: getattr(row, name) for name in Address.__slots__})

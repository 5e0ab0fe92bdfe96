"""The address book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fenqi.mall.errors import AddressMissing, TooManyAddresses
from fenqi.mall.models import Address
from fenqi.plumbing import clock
from fenqi.plumbing.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

MOST_ADDRESSES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressEntry:
    """What a shopper writes; already checked by the form, and by the database for length."""

    recipient: str
    phone: str
    province: str
    city: str
    district: str
    street: str


@transaction.atomic
def save_address(
    *, borrower_id: int, entry: AddressEntry, address_id: UUID | None = None, is_default: bool = False
) -> UUID:
    """
    Keep a new address, or change one. The first one is the default whatever is asked.

    Raises: AddressMissing if `address_id` is not this shopper's; TooManyAddresses.
    """
    own = Address.objects.filter(borrower_id=borrower_id)
    # Locks the book, so that two new defaults at once do not meet in the database.
    known = list(own.select_for_update().order_by("id").values_list("id", "is_default"))
    fields = {name: getattr(entry, name) for name in AddressEntry.__slots__}
    if address_id is None:
        if len(known) >= MOST_ADDRESSES:
            raise TooManyAddresses(_("地址簿最多 20 个地址，请先删除不用的。"))
        address_id = new_id()
        is_default = is_default or not known
        if is_default:
            own.filter(is_default=True).update(is_default=False)
        Address.objects.create(
            borrower_id=borrower_id, id=address_id, is_default=is_default, added_at=clock.now(), **fields
        )
        return address_id
    if address_id not in {id_ for id_, _default in known}:
        raise AddressMissing(_("没有这个地址。"), field="address_id")
    if is_default:
        own.filter(is_default=True).update(is_default=False)
        fields["is_default"] = True
    own.filter(id=address_id).update(**fields)
    return address_id


@transaction.atomic
def delete_address(*, borrower_id: int, address_id: UUID) -> None:
    """Forget an address; the next one becomes the default. Orders keep their own copy."""
    own = Address.objects.filter(borrower_id=borrower_id)
    gone, _by_model = own.filter(id=address_id).delete()
    if not gone:
        raise AddressMissing(_("没有这个地址。"), field="address_id")
    if not own.filter(is_default=True).exists():
        following = own.order_by("added_at").values_list("id", flat=True).first()
        own.filter(id=following).update(is_default=True)

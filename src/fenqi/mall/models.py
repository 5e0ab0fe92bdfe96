"""
What is sold, what is in whose cart, and what was ordered.

Products and stock are reference data with ordinary keys; everything that belongs to a shopper is keyed by borrower_id
first. Stock stands apart from the description of goods, since it is the one row that every buyer of a thing writes.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from fenqi.plumbing.sealed import SealedTextField


class Category(models.Model):
    """A shelf of the mall."""

    code = models.CharField(primary_key=True, max_length=32)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    icon = models.CharField(max_length=32)
    position = models.PositiveSmallIntegerField()


class Product(models.Model):
    """A model of goods as people speak of it; what is bought is one of its variants."""

    slug = models.SlugField(primary_key=True, max_length=60)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    tagline_zh = models.CharField(max_length=120)
    tagline_en = models.CharField(max_length=160)
    description_zh = models.TextField()
    description_en = models.TextField()
    specs = models.JSONField(help_text="[[name zh, name en, value zh, value en], …] in the order shown")
    attributes = models.JSONField(
        help_text="{attribute: value} to filter by; names and labels in mall.attributes"
    )
    search_text = models.TextField(help_text="lower case, all that a search may find")
    # Repeated from the variants so that a shelf is sorted and filtered without joining them.
    price_from_fen = models.BigIntegerField()
    picture = models.CharField(max_length=120, help_text="of the first variant")
    position = models.PositiveIntegerField(help_text="our own order of the shelf, smallest first")
    is_featured = models.BooleanField(default=False)
    is_on_sale = models.BooleanField(default=True)
    listed_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_from_fen__gt=0), name="product_price_positive")
        ]
        indexes = [models.Index(fields=["category", "position"])]


class Variant(models.Model):
    """A thing one can put into a cart: one colour and one size of a product, at one price."""

    sku = models.CharField(primary_key=True, max_length=60)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    colour = models.CharField(max_length=24, help_text="key of mall.pictures.paint.COLOURS")
    colour_zh = models.CharField(max_length=24)
    colour_en = models.CharField(max_length=32)
    option_zh = models.CharField(
        max_length=40, blank=True, help_text="storage or size; empty when there is one"
    )
    option_en = models.CharField(max_length=40, blank=True)
    price_fen = models.BigIntegerField()
    picture = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField()
    is_on_sale = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_fen__gt=0), name="variant_price_positive"),
            models.UniqueConstraint(fields=["product", "colour", "option_zh"], name="variant_once"),
        ]


class Stock(models.Model):
    """How many of a variant can still be promised. Only mall.services.stock changes it, by one conditional UPDATE."""

    sku = models.CharField(primary_key=True, max_length=60)
    available = models.IntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(available__gte=0), name="stock_never_negative")]


class CartLine(models.Model):
    """One variant in a shopper's cart. A guest's cart lives in the session until sign-in."""

    pk = models.CompositePrimaryKey("borrower_id", "sku")
    borrower_id = models.BigIntegerField()
    sku = models.CharField(max_length=60)
    quantity = models.PositiveSmallIntegerField()
    is_selected = models.BooleanField(default=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=99), name="cart_quantity_1_to_99"
            )
        ]


class Address(models.Model):
    """Where goods go. Names, phones and streets are C2."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    recipient = SealedTextField(data_class="C2")
    phone = SealedTextField(data_class="C2")
    province = models.CharField(max_length=20)
    city = models.CharField(max_length=30)
    district = models.CharField(max_length=30)
    street = SealedTextField(data_class="C2")
    is_default = models.BooleanField(default=False)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["borrower_id"], condition=Q(is_default=True), name="address_one_default"
            )
        ]


class OrderState(models.TextChoices):
    """Where an order stands."""

    AWAITING_PAYMENT = "awaiting_payment", _("待支付")
    IN_REVIEW = "in_review", _("分期审核中")
    PAID = "paid", _("待发货")
    SHIPPED = "shipped", _("已发货")
    RECEIVED = "received", _("已收货")
    COMPLETED = "completed", _("已完成")
    CANCELLED = "cancelled", _("已取消")
    RETURN_OPEN = "return_open", _("退货处理中")
    RETURNED = "returned", _("已退货")


class PaysBy(models.TextChoices):
    """How one line of an order is paid."""

    FULL = "full", _("全款")
    INSTALLMENTS = "installments", _("分期")


class Order(models.Model):
    """Goods promised to one shopper. Each part (full, financed) is paid once; paid as a whole when both are."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    number = models.CharField(max_length=24)
    reference = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=OrderState.choices, default=OrderState.AWAITING_PAYMENT)
    total_fen = models.BigIntegerField()
    full_amount_fen = models.BigIntegerField()
    financed_amount_fen = models.BigIntegerField()
    full_paid_at = models.DateTimeField(null=True)
    full_payment_reference = models.CharField(max_length=80, blank=True)
    financed_paid_at = models.DateTimeField(null=True)
    financed_payment_reference = models.CharField(max_length=80, blank=True)
    address = SealedTextField(
        data_class="C2", holds="facts", help_text="JSON as it was when the order was placed"
    )
    placed_on = models.DateField()
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="wall clock; unpaid goods go back on the shelf then")
    cancelled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["borrower_id", "reference"], name="order_once_by_reference"),
            models.CheckConstraint(
                condition=Q(total_fen=F("full_amount_fen") + F("financed_amount_fen")),
                name="order_parts_add_up",
            ),
            models.CheckConstraint(
                condition=Q(total_fen__gt=0, full_amount_fen__gte=0, financed_amount_fen__gte=0),
                name="order_amounts_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["borrower_id", "-placed_at"]),
            models.Index(
                fields=["expires_at"],
                name="order_may_expire",
                condition=Q(state__in=["awaiting_payment", "in_review"]),
            ),
            models.Index(fields=["placed_at"], name="order_to_ship", condition=Q(state="paid")),
            models.Index(
                fields=["placed_at"], name="order_to_finish", condition=Q(state__in=["shipped", "received"])
            ),
        ]


class OrderNumber(models.Model):
    """Look-up: whose order a number is."""

    number = models.CharField(primary_key=True, max_length=24)
    borrower_id = models.BigIntegerField()
    order_id = models.UUIDField()


class OrderLine(models.Model):
    """One variant of an order, as it was named and priced then."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    sku = models.CharField(max_length=60)
    product_slug = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    variant_zh = models.CharField(max_length=80)
    variant_en = models.CharField(max_length=80)
    picture = models.CharField(max_length=120)
    unit_price_fen = models.BigIntegerField()
    quantity = models.PositiveSmallIntegerField()
    amount_fen = models.BigIntegerField()
    pays_by = models.CharField(max_length=12, choices=PaysBy.choices)
    position = models.PositiveSmallIntegerField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_fen=F("unit_price_fen") * F("quantity"), quantity__gte=1),
                name="order_line_amount_is_price_times_quantity",
            ),
            models.UniqueConstraint(
                fields=["borrower_id", "order_id", "sku"], name="order_line_once_per_variant"
            ),
        ]


class ReservationState(models.TextChoices):
    """What became of goods taken off the shelf."""

    HELD = "held", _("已预留")
    SOLD = "sold", _("已售出")
    RELEASED = "released", _("已放回")


class Reservation(models.Model):
    """Goods taken off the shelf for an order: every change of stock by an order is the other half of such a row."""

    pk = models.CompositePrimaryKey("borrower_id", "order_id", "sku")
    borrower_id = models.BigIntegerField()
    order_id = models.UUIDField()
    sku = models.CharField(max_length=60)
    quantity = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=ReservationState.choices, default=ReservationState.HELD)


class OrderEvent(models.Model):
    """What happened to an order, for its time line. Only grows."""

    append_only = True

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    kind = models.CharField(max_length=24)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["borrower_id", "order_id", "at"])]


class Shipment(models.Model):
    """A parcel of an order."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    carrier = models.CharField(max_length=40)
    tracking = models.CharField(max_length=40)
    shipped_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["borrower_id", "order_id"], name="shipment_one_per_order")
        ]


class ReturnState(models.TextChoices):
    """Where a return stands; the money side is purchases'."""

    REQUESTED = "requested", _("待审核")
    APPROVED = "approved", _("退款中")
    REFUSED = "refused", _("已拒绝")
    COMPLETED = "completed", _("已完成")
    WITHDRAWN = "withdrawn", _("已撤销")


class Return(models.Model):
    """A shopper gives back some lines of an order."""

    pk = models.CompositePrimaryKey("borrower_id", "id")
    borrower_id = models.BigIntegerField()
    id = models.UUIDField()
    order_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=ReturnState.choices, default=ReturnState.REQUESTED)
    reason = models.CharField(max_length=200)
    amount_fen = models.BigIntegerField(help_text="price of the lines given back")
    requested_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decision_reason = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    state_before = models.CharField(max_length=20, choices=OrderState.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["borrower_id", "order_id"],
                condition=Q(state__in=["requested", "approved"]),
                name="return_one_open_per_order",
            )
        ]
        indexes = [
            models.Index(fields=["requested_at"], name="return_waiting", condition=Q(state="requested"))
        ]


class ReturnLine(models.Model):
    """One order line of a return, whole."""

    pk = models.CompositePrimaryKey("borrower_id", "return_id", "order_line_id")
    borrower_id = models.BigIntegerField()
    return_id = models.UUIDField()
    order_line_id = models.UUIDField()

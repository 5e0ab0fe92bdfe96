"""Foreign keys apart from the tables, so that tables can be distributed first and keys added after."""

from django.db import migrations

_KEYS = [
    # table, columns, target, target columns
    ("mall_orderline", "borrower_id, order_id", "mall_order", "borrower_id, id"),
    ("mall_reservation", "borrower_id, order_id", "mall_order", "borrower_id, id"),
    ("mall_orderevent", "borrower_id, order_id", "mall_order", "borrower_id, id"),
    ("mall_shipment", "borrower_id, order_id", "mall_order", "borrower_id, id"),
    ("mall_return", "borrower_id, order_id", "mall_order", "borrower_id, id"),
    ("mall_returnline", "borrower_id, return_id", "mall_return", "borrower_id, id"),
    ("mall_returnline", "borrower_id, order_line_id", "mall_orderline", "borrower_id, id"),
    ("mall_cartline", "sku", "mall_variant", "sku"),
    ("mall_orderline", "sku", "mall_variant", "sku"),
    ("mall_reservation", "sku", "mall_stock", "sku"),
]


def _name(table: str, target: str) -> str:
    return f"{table}_to_{target.removeprefix('mall_')}"


class Migration(migrations.Migration):
    dependencies = [("mall", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {_name(table, target)} "
            f"FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
            f"ALTER TABLE {table} DROP CONSTRAINT {_name(table, target)}",
        )
        for table, columns, target, target_columns in _KEYS
    ]

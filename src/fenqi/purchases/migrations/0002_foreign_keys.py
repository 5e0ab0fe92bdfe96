"""Foreign keys apart from the tables, downward only: purchases knows orders, applications, agreements and loans."""

from django.db import migrations

_KEYS = [
    # table, columns, target, target columns
    ("purchases_purchase", "borrower_id, order_id", "mall_order", "borrower_id, id"),
    ("purchases_purchase", "borrower_id, application_id", "credit_application", "borrower_id, id"),
    ("purchases_purchase", "borrower_id, agreement_id", "credit_agreement", "borrower_id, id"),
    ("purchases_purchase", "borrower_id, loan_id", "servicing_loan", "borrower_id, id"),
    ("purchases_giveback", "borrower_id, order_id", "mall_order", "borrower_id, id"),
    ("purchases_lendercall", "lender_code", "credit_lender", "code"),
]


def _name(table: str, target: str) -> str:
    return f"{table}_to_{target.partition('_')[2]}"


class Migration(migrations.Migration):
    dependencies = [
        ("purchases", "0001_initial"),
        ("mall", "0001_initial"),
        ("credit", "0001_initial"),
        ("servicing", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {_name(table, target)} "
            f"FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
            f"ALTER TABLE {table} DROP CONSTRAINT {_name(table, target)}",
        )
        for table, columns, target, target_columns in _KEYS
    ]

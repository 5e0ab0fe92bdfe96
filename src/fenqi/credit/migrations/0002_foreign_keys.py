"""Foreign keys apart from the tables, so that tables can be distributed first and keys added after."""

from django.db import migrations

_KEYS = [
    # table, columns, target, target columns
    ("credit_application", "quote_id", "credit_heldquote", "id"),
    ("credit_application", "lender_code", "credit_lender", "code"),
    ("credit_decision", "borrower_id, application_id", "credit_application", "borrower_id, id"),
    ("credit_lenderinquiry", "borrower_id, application_id", "credit_application", "borrower_id, id"),
    ("credit_agreement", "borrower_id, application_id", "credit_application", "borrower_id, id"),
    ("credit_agreement", "quote_id", "credit_heldquote", "id"),
    ("credit_agreementdocument", "borrower_id, agreement_id", "credit_agreement", "borrower_id, id"),
]


def _name(table: str, target: str) -> str:
    return f"{table}_to_{target.removeprefix('credit_')}"


class Migration(migrations.Migration):
    dependencies = [("credit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {_name(table, target)} "
            f"FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
            f"ALTER TABLE {table} DROP CONSTRAINT {_name(table, target)}",
        )
        for table, columns, target, target_columns in _KEYS
    ]

"""Foreign keys apart from the tables, so that tables can be distributed first and keys added after."""

from django.db import migrations

_KEYS = [
    # table, columns, target, target columns
    ("standby_standbydraw", "borrower_id", "standby_standbyline", "borrower_id"),
    ("standby_standbydraw", "borrower_id, loan_id", "servicing_loan", "borrower_id, id"),
]


def _name(table: str, target: str) -> str:
    return f"{table}_to_{target.partition('_')[2]}"


class Migration(migrations.Migration):
    dependencies = [("standby", "0001_initial"), ("servicing", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {_name(table, target)} "
            f"FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
            f"ALTER TABLE {table} DROP CONSTRAINT {_name(table, target)}",
        )
        for table, columns, target, target_columns in _KEYS
    ]

"""
What only the database says: room for updates in place, foreign keys, no index that nobody reads.

A due loan is updated about once a month. With room in its page the new row stays there and no index is touched.
Foreign keys stand in a migration of their own, so that tables can be distributed first. Events and transfers have
none: they are written by the tens of thousands a day together with the loan they belong to, and `fenqi verify` names
one without its loan.
"""

from django.db import migrations

ROOM = {"servicing_loan": 85, "servicing_loaninstallment": 90, "servicing_debitinstruction": 45}


def drop_pattern_indexes(apps, schema_editor):
    """Text keys get an index for LIKE from Django; references and numbers are only ever looked up whole."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass FROM pg_index WHERE indexrelid::regclass::text ~ %s",
            ["^servicing_(eventreference|loannumber)_.*_like$"],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("servicing", "0001_initial")]

    operations = [
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} SET (fillfactor = {percent})", f"ALTER TABLE {table} RESET (fillfactor)"
            )
            for table, percent in ROOM.items()
        ),
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_loan"
                " FOREIGN KEY (borrower_id, loan_id) REFERENCES servicing_loan (borrower_id, id)",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_loan",
            )
            for table in ("servicing_loaninstallment", "servicing_settlementquote")
        ),
        migrations.RunPython(drop_pattern_indexes, migrations.RunPython.noop),
    ]

"""Foreign keys apart from the tables, so that tables can be distributed first and keys added after."""

from django.db import migrations

_TABLES = ("credit_applicationgoods", "credit_scoreinquiry", "credit_reviewrequest")


class Migration(migrations.Migration):
    dependencies = [("credit", "0003_decisions_kept_whole")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_to_application FOREIGN KEY (borrower_id, application_id)"
            " REFERENCES credit_application (borrower_id, id)",
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_to_application",
        )
        for table in _TABLES
    ]

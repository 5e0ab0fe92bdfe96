"""The table of data keys, and the first of them."""

from django.db import migrations

TABLE = """
    CREATE TABLE plumbing_datakey (
        name text PRIMARY KEY,
        wrapped bytea NOT NULL,
        made_at timestamptz NOT NULL
    )
"""


def make_the_first(apps, schema_editor):
    from fenqi.plumbing import data_keys

    data_keys.add()


class Migration(migrations.Migration):
    dependencies = [("plumbing", "0002_two_pairs_of_eyes")]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE plumbing_datakey"),
        migrations.RunPython(make_the_first, migrations.RunPython.noop),
    ]

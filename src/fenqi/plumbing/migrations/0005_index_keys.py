"""Keys of blind indexes after the first one, and which buckets have moved to the one that is coming."""

from django.db import migrations

TABLES = """
    CREATE TABLE plumbing_indexkey (
        name text PRIMARY KEY,
        wrapped bytea,
        made_at timestamptz NOT NULL,
        done_at timestamptz,
        retired_at timestamptz,
        -- the first key stands outside the database
        CONSTRAINT index_key_is_wrapped CHECK ((wrapped IS NULL) = (name = 'i0')),
        CONSTRAINT index_key_retired_after_all_moved CHECK (retired_at IS NULL OR done_at IS NOT NULL)
    );
    CREATE UNIQUE INDEX one_index_key_is_coming ON plumbing_indexkey ((true)) WHERE done_at IS NULL;
    CREATE TABLE plumbing_indexmoved (
        key text NOT NULL REFERENCES plumbing_indexkey (name),
        bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 255),
        PRIMARY KEY (key, bucket)
    );
    INSERT INTO plumbing_indexkey (name, made_at, done_at) VALUES ('i0', clock_timestamp(), clock_timestamp());
"""


class Migration(migrations.Migration):
    dependencies = [("plumbing", "0004_keys_of_proposals")]

    operations = [
        migrations.RunSQL(TABLES, "DROP TABLE plumbing_indexmoved; DROP TABLE plumbing_indexkey"),
    ]

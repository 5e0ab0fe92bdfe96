"""
A date's rows are found by what the index of dates says of each stretch of a table; it is told of new stretches here.

The server does that when it vacuums, which may be days later; until then every statement of a date reads the stretches
of the last ones too. The day-end asks for it once a date, as the tables' owner, since its own role may only write rows.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION servicing_summarize_dates() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET lock_timeout = '100ms' AS $$
BEGIN
  PERFORM brin_summarize_new_values('public.instruction_by_date');
  PERFORM brin_summarize_new_values('public.bucket_move_by_date');
EXCEPTION WHEN lock_not_available THEN
  NULL;  -- a vacuum is at work, which does the same
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("servicing", "0003_instruction_says_what_booked_it")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION servicing_summarize_dates()"),
    ]

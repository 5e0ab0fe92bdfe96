"""The check "maker is not checker" compares with the proposal's own maker, and only what was approved is carried out."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("plumbing", "0003_data_keys"),
    ]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE plumbing_proposaldecision DROP CONSTRAINT IF EXISTS decision_of_this_maker;
            ALTER TABLE plumbing_proposaldecision ADD CONSTRAINT decision_of_this_maker
                FOREIGN KEY (proposal_id, maker, maker_person) REFERENCES plumbing_proposal (id, maker, maker_person);
            ALTER TABLE plumbing_proposalcarriedout DROP CONSTRAINT IF EXISTS carried_out_after_approval;
            ALTER TABLE plumbing_proposalcarriedout ADD CONSTRAINT carried_out_after_approval
                FOREIGN KEY (proposal_id, verdict) REFERENCES plumbing_proposaldecision (proposal_id, verdict);
            """,
            """
            ALTER TABLE plumbing_proposalcarriedout DROP CONSTRAINT carried_out_after_approval;
            ALTER TABLE plumbing_proposaldecision DROP CONSTRAINT decision_of_this_maker;
            """,
        ),
    ]

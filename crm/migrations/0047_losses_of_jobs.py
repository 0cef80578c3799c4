"""How often jobs were lost with their worker: one that kills it each time is not tried for ever."""

from django.db import migrations

CREATE = """
CREATE TABLE crm_lost_job (
    job bigint NOT NULL REFERENCES procrastinate_jobs ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX crm_lost_job_of ON crm_lost_job (job, at);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0046_note_of_which_runs_somebody_was_told"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [migrations.RunSQL(CREATE, "DROP TABLE crm_lost_job")]

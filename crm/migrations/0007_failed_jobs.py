from django.db import migrations

CREATE = "CREATE INDEX crm_failed_jobs ON procrastinate_jobs (id) WHERE status = 'failed'"


class Migration(migrations.Migration):
    """Count failed jobs without reading those that succeeded."""

    dependencies = [("crm", "0006_webhooks"), ("procrastinate", "0041_post_retry_failed_job")]
    operations = [migrations.RunSQL(CREATE, "DROP INDEX crm_failed_jobs")]

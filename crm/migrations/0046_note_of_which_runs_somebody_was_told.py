"""Runs of an ERP's source note whether somebody was told what came of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0045_people_are_public")]

    operations = [
        # Of those that the code before writes, and wrote, somebody was told.
        migrations.AddField(
            model_name="syncrun",
            name="is_told",
            field=models.BooleanField(db_default=True, default=False, verbose_name="told"),
        )
    ]

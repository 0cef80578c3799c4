from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0032_end_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="token_family",
            field=models.UUIDField(editable=False, null=True, verbose_name="token family"),
        ),
    ]

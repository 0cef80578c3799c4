from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0031_switch_applications_off"),
    ]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="token_family",
            field=models.UUIDField(editable=False, null=True, verbose_name="token family"),
        ),
    ]

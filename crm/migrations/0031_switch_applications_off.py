from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0022_languages_of_users'),
    ]

    operations = [
        migrations.AddField(
            model_name='application',
            name='is_active',
            field=models.BooleanField(db_default=True, default=True, editable=False, help_text='While it is off, its tokens, codes and webhooks do not work.', verbose_name='active'),
        ),
    ]

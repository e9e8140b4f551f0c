from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0008_composition_words'),
    ]

    operations = [
        migrations.AddField(
            model_name='tray',
            name='previewed',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='tray',
            name='undone',
            field=models.JSONField(default=list),
        ),
    ]

from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "fenqi.ops"
    label = "ops"

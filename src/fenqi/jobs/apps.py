from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "fenqi.jobs"
    label = "jobs"

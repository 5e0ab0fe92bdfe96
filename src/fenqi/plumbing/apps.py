from django.apps import AppConfig


class PlumbingConfig(AppConfig):
    name = "fenqi.plumbing"
    label = "plumbing"

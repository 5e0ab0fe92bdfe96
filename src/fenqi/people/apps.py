from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "fenqi.people"
    label = "people"

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "fenqi.ledger"
    label = "ledger"

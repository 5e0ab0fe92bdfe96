"""What no log keeps: an address that is itself a key, such as the link of a contact, a bill, a calendar or a mail address."""

from __future__ import annotations

import logging
import re

KEY_IN_ADDRESS = re.compile(
    r"(/(?:contact|pay|pay-outcome|email|stop-phone-move|set-up)/|/calendar/[^/\s]+/)([^/\s]+)"
)


class WithoutKeys(logging.Filter):
    """Blanks the key in addresses that Django writes about refused requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                KEY_IN_ADDRESS.sub(r"\1…", one) if isinstance(one, str) else one for one in record.args
            )
        return True

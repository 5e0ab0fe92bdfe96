"""The sandbox holds the demo staff's authenticator: what it shows opens the door, and it knows nobody else."""

import re
import time

from fenqi.people import demo_staff, totp
from tests.support.sandbox import SandboxPeers


def test_shows_the_code_of_this_half_minute(sandbox: SandboxPeers):
    before = int(time.time()) // totp.STEP_SECONDS
    page = sandbox.page("/sandbox/authenticator/").text
    for member in demo_staff.MEMBERS:
        shown = re.search(rf'id="code-{member.name}"[^>]*>(\d{{6}})<', page)
        assert shown
        assert shown[1] in {totp.code_at(member.totp_secret, step) for step in (before, before + 1)}
        assert member.totp_secret not in page

"""What the server loads: FENQI_SANDBOX_STORE (a file, or :memory:) and FENQI_SECRET_PEERS come from the environment."""

from __future__ import annotations

import os

from fenqi.adapters.sandbox.app import Sandbox

application = Sandbox(
    path=os.environ.get("FENQI_SANDBOX_STORE", ":memory:"), secret=os.environ["FENQI_SECRET_PEERS"]
)

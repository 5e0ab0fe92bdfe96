"""`python -m fenqi.adapters.sandbox`: the outside parties without the rest."""

from __future__ import annotations

import argparse

from fenqi.adapters.sandbox.serve import serve

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=8001)
arguments = parser.parse_args()
serve(host=arguments.host, port=arguments.port)

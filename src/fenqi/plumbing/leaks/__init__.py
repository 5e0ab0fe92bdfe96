"""Looking for sealed values that stand in clear somewhere: in another column, a log, a request."""

from fenqi.plumbing.leaks.scan import Finding, Scan, scan_database, scan_file, sealed_values
from fenqi.plumbing.leaks.sought import Sought

__all__ = ["Finding", "Scan", "Sought", "scan_database", "scan_file", "sealed_values"]

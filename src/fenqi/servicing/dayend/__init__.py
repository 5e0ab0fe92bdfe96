"""The day-end of the books: `run_dayend` closes business dates step by step."""

from fenqi.servicing.dayend.runner import DayEndError, DayEndRunning, next_date, run_dayend, steps

__all__ = ["DayEndError", "DayEndRunning", "next_date", "run_dayend", "steps"]

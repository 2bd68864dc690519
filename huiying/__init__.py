"""Huiying (回应): what outlets report, how the office answered, and a figure computed from the record.

outlets ─► crawl ─POSTS_FOUND─► process ─POSTS_READY─► watch ─► ledger ◄─ desk ◄─ duty staff
"""

__version__ = "0.1.0"

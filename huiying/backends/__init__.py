"""Implementations of the ports; the only place where databases and search engines are spoken to."""

"""Printed reports: when one is due, what stands in it, and the writers that bring it to paper."""

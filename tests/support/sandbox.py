"""Fixtures of the outside parties."""

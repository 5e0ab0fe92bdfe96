"""A peer's cases in our words: its product rules as our terms, its operations as our events, our state in its form."""

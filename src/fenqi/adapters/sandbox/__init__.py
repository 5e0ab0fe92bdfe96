"""
The outside parties as a process of its own: lenders, payment channel and banks, texts, identity, bureau.

It has its own store (SQLite), speaks signed HTTP both ways, and can be told to misbehave (faults). It imports nothing of
Fenqi but the signing scheme, so that what we believe about money is checked against somebody else's books.
"""

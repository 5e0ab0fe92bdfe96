"""The story: one shopper's half year, played over HTTP as a browser without JavaScript would, and checked at every step."""

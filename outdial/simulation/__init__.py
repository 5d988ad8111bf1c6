"""A campaign played through against a virtual clock and a made-up carrier."""

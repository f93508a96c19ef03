"""Demonstration clinics, made from published figures: same seed, same clinic."""

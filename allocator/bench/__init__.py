"""Instances that others published, and clinics of our own: solved, and scored apart."""

"""Backfill: what came free is offered to those who wait, by workers."""

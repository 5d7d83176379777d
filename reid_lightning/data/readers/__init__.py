"""Readers: one file for each layout of pictures on disk."""

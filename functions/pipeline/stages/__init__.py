"""Stages after OCR."""

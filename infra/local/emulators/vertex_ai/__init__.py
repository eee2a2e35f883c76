"""Vertex AI on this machine: the REST paths that Google's client calls, their limits and errors.

Behind them stand no models. Vectors are made of hashed words, so that texts with the same words are
near each other, and Gemini's answers by a few rules: enough to see that what calls them is right.
`create_app` makes the application; `Controls` are its switches.
"""

from infra.local.emulators.vertex_ai.controls import Controls
from infra.local.emulators.vertex_ai.service import create_app

__all__ = ["Controls", "create_app"]

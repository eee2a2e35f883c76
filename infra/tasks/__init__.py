"""Cloud Tasks: named calls to Quire's own functions, made once and repeated until they succeed."""

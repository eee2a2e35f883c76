"""Vertex AI, by Google's own client: what the engines that use its models have in common."""

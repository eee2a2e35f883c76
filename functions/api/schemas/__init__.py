"""What the API answers, as the OpenAPI document describes it."""

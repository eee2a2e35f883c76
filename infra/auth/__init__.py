"""Who asks: tokens by their issuers' keys, API keys, and how often anyone may ask."""

"""The settings' sections, by what they are about. `infra.settings` reads them."""

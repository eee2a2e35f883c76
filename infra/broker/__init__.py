"""Redis in its three uses: Celery's broker, the chunks' locks, and the live updates."""

"""Statistics on plain numbers, one per seed."""

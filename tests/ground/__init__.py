"""What the tests stand on: databases, a clock, a server, a browser."""

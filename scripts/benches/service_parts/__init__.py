"""What `scripts/bench service` is made of: a database, a service, clients, contenders, and what they are asked."""

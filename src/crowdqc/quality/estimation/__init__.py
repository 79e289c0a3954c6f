"""Expectation maximisation, which most methods of aggregation share: the loop, the priors, the fast products."""

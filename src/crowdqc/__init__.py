"""crowdqc: quality control for crowdsourced labels, as a library and as a service."""

__version__ = "0.1.0"

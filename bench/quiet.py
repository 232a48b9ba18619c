"""What programs of the bench do with the log of what they run."""

import logging

import structlog


def quiet() -> None:
    """Nothing but errors is logged, so that a bench's figures stand alone."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

"""Scheduled handlers, one module each: on AWS each is a Lambda of its own, without ``app``."""

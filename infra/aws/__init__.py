"""Deployment steps in an AWS account; each is safe to repeat."""

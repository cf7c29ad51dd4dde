"""Commands of developers and operators, and the local server; not deployed to Lambda."""

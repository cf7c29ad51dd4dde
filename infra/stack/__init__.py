"""The CloudFormation stack: everything that is merged into Chalice's packaged template.

Each module creates one part, from the definitions that the application itself uses: tables from the
models, error documents from the error classes, paths from the routes. ``template.py`` combines the
parts.
"""

"""The CloudFormation stack: what is merged into the template that ``chalice package`` writes.

Each module makes one part of it, from the definitions that the application itself uses: tables from
the models, error documents from the error catalogue, paths from the routes. ``template.py`` puts
the parts together.
"""

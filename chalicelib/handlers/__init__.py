"""One module for each Lambda function except the API. On AWS each is loaded without ``app``."""

"""One module a Lambda function that is not the API. On AWS each is loaded alone, without ``app``."""

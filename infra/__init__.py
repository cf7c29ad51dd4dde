"""What is not shipped to Lambda: the local server, demo data, engines to test on."""

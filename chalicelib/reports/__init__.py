"""Reports: sums of the seconds of time entries. Contract section 10a; decision 0032."""

"""Library: the data sets and the runs there are, and what can be done with each."""

"""What is measured of a model; each figure with its definition and unit."""

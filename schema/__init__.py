"""The JSON Schemas of a leaf's document, one folder a version, and of our own file formats: data only."""

"""Git-native validation of training taxonomies: one engine, one verdict, everywhere."""

__version__ = "0.1.0"

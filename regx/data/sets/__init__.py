"""One module per data set, each with its `SPEC`; the name of the module is the name in the YAML."""

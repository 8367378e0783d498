// MartletGraphs: models declared in the DSL, one a file.

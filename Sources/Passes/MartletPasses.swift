// MartletPasses: graph to graph transformations.

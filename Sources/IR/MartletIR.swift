// MartletIR: the tensor graph: types, ops, builder, verifier, printer and parser.

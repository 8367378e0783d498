// Layers speak of shapes, element types and ops. Re-exporting the IR from here, and from nowhere
// else, lets the layers' names win over the ops of the same name: `Dropout` is the layer.
@_exported import MartletIR

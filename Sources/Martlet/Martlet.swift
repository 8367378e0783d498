@_exported import MartletInterchange
@_exported import MartletJSON
@_exported import MartletLayers
@_exported import MartletMemoryPlan
@_exported import MartletPasses
@_exported import MartletRuntime
@_exported import MartletText
@_exported import MartletTraining

// The umbrella: `import Martlet` is all that a user of the library writes.
// MartletIR comes through MartletLayers, whose names then win over the ops of the same name.
// Of the code generator only what users need: its kernels share names with layers.
@_exported import enum MartletCodegen.Backend
@_exported import struct MartletCodegen.BackendUnavailable
@_exported import struct MartletCodegen.CodegenError
@_exported import class MartletCodegen.PlanExecutor

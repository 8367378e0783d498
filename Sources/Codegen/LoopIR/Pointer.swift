/// A place in a buffer or scratch array: `index + offset` elements from its start.
package struct Pointer {
    package let memory: Memory
    package let element: ScalarType
    package let index: Value
    package let offset: Int

    private var builder: LoopBuilder { index.builder }

    package static func + (pointer: Pointer, distance: Value) -> Pointer {
        if let known = distance.integer { return pointer + known }
        return Pointer(
            memory: pointer.memory, element: pointer.element, index: pointer.index + distance,
            offset: pointer.offset)
    }

    package static func + (pointer: Pointer, distance: Int) -> Pointer {
        Pointer(
            memory: pointer.memory, element: pointer.element, index: pointer.index,
            offset: pointer.offset + distance)
    }

    /// `mask` nil means every lane.
    package func load(lanes: Int = 1, mask: Value? = nil) -> Value {
        builder.emit(.load(address, mask: mask?.id), ValueType(element, lanes: lanes))
    }

    package func store(_ value: Value, mask: Value? = nil) {
        builder.append(
            Instruction(results: [], operation: .store(value.id, address, mask: mask?.id)))
    }

    /// Adds to what is there.
    package func add(_ value: Value, mask: Value? = nil) {
        store(load(lanes: value.type.lanes, mask: mask) + value, mask: mask)
    }

    /// A hint that what lies here will be read soon.
    package func prefetch() {
        builder.append(Instruction(results: [], operation: .prefetch(address)))
    }

    private var address: Address { Address(memory: memory, index: index.id, offset: offset) }
}

extension LoopBuilder {
    /// Lanes below `count`; nil if that is all of them.
    package func firstLanes(_ count: Value, of lanes: Int) -> Value? {
        if let known = count.integer, known >= lanes { return nil }
        if lanes == 1 { return nil }
        let indices = emit(.laneIndices, ValueType(.int32, lanes: lanes))
        let limit =
            count.integer.map { constant($0, ValueType(.int32)) }
            ?? count.convert(.truncate, .int32)
        return indices .< limit
    }
}

extension Dataset {
    /// Every element transformed, one after another.
    public func map<Mapped: Sendable>(
        _ transform: @escaping @Sendable (Element) async throws -> Mapped
    ) -> Dataset<Mapped> {
        let start = start
        return Dataset<Mapped>(count: count) { epoch in
            let pull = start(epoch)
            return {
                guard let element = try await pull() else { return nil }
                return try await transform(element)
            }
        }
    }

    /// The elements for which `isIncluded` holds.
    public func filter(
        _ isIncluded: @escaping @Sendable (Element) async throws -> Bool
    ) -> Dataset {
        let start = start
        return Dataset(count: nil) { epoch in
            let pull = start(epoch)
            return {
                while let element = try await pull() {
                    if try await isIncluded(element) { return element }
                }
                return nil
            }
        }
    }

    /// Arrays of `size` elements; the last one is shorter if the elements do not divide.
    ///
    /// - Parameter dropRemainder: whether a shorter last array is left out.
    /// - Throws: ``DatasetError`` if `size` is not positive.
    public func batched(
        _ size: Int, dropRemainder: Bool = false
    ) throws(DatasetError) -> Dataset<[Element]> {
        try DatasetError.require(size, atLeast: 1, "the batch size")
        let start = start
        let batches = count.map { $0 / size + ($0 % size == 0 || dropRemainder ? 0 : 1) }
        return Dataset<[Element]>(count: batches) { epoch in
            let pull = start(epoch)
            var isFinished = false
            return {
                var batch: [Element] = []
                while !isFinished, batch.count < size {
                    if let element = try await pull() {
                        batch.append(element)
                    } else {
                        isFinished = true
                    }
                }
                let isWhole = batch.count == size || !dropRemainder
                return batch.isEmpty || !isWhole ? nil : batch
            }
        }
    }

    /// The first elements, up to `limit`. No more than these are read.
    ///
    /// - Throws: ``DatasetError`` if `limit` is negative.
    public func take(_ limit: Int) throws(DatasetError) -> Dataset {
        try DatasetError.require(limit, atLeast: 0, "the number of elements to take")
        let start = start
        return Dataset(count: count.map { Swift.min($0, limit) }) { epoch in
            let pull = start(epoch)
            var taken = 0
            return {
                guard taken < limit else { return nil }
                taken += 1
                return try await pull()
            }
        }
    }

    /// The elements after the first `skipped`.
    ///
    /// - Throws: ``DatasetError`` if `skipped` is negative.
    public func skip(_ skipped: Int) throws(DatasetError) -> Dataset {
        try DatasetError.require(skipped, atLeast: 0, "the number of elements to skip")
        let start = start
        return Dataset(count: count.map { Swift.max($0 - skipped, 0) }) { epoch in
            let pull = start(epoch)
            var left = skipped
            return {
                while left > 0 {
                    left -= 1
                    guard try await pull() != nil else {
                        left = 0
                        return nil
                    }
                }
                return try await pull()
            }
        }
    }

    /// Every element with its index in the pass.
    public func enumerated() -> Dataset<(index: Int, element: Element)> {
        let start = start
        return Dataset<(index: Int, element: Element)>(count: count) { epoch in
            let pull = start(epoch)
            var index = 0
            return {
                guard let element = try await pull() else { return nil }
                defer { index += 1 }
                return (index, element)
            }
        }
    }

    /// Pairs of the elements of two datasets; ends with the shorter one.
    public func zipped<Other: Sendable>(
        with other: Dataset<Other>
    ) -> Dataset<(Element, Other)> {
        let start = start
        let counts = [count, other.count].compactMap { $0 }
        return Dataset<(Element, Other)>(count: counts.count == 2 ? counts.min() : nil) { epoch in
            let pull = start(epoch)
            let pullOther = other.start(epoch)
            return {
                guard let element = try await pull(), let other = try await pullOther() else {
                    return nil
                }
                return (element, other)
            }
        }
    }
}

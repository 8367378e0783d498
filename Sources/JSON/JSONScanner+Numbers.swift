extension JSONScanner {
    package enum Number {
        case integer(Int64)
        /// A whole number beyond 64 bits: where its digits are.
        case largeInteger(Range<Int>)
        case number(Double)
    }

    /// Powers of ten that a `Double` holds exactly.
    private static let exactPowers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// Moves past a number. `-0` is a `Double`, so that its sign survives.
    @inline(__always)
    package mutating func scanNumber() throws(JSONError) -> Number {
        let first = position
        let isNegative = current == 0x2D
        if isNegative { position += 1 }
        let firstDigit = position
        var magnitude: UInt64 = 0
        var overflows = false
        while let digit = currentDigit {
            let (tens, o1) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, o2) = tens.addingReportingOverflow(UInt64(digit))
            overflows = overflows || o1 || o2
            magnitude = sum
            position += 1
        }
        guard position > firstDigit else {
            throw isNegative ? unexpected("a digit after '-'") : unexpected("a value")
        }
        if start[firstDigit] == 0x30, position > firstDigit + 1 {
            throw error("a number must not begin with 0; remove the zero", at: firstDigit)
        }
        switch current {
        case 0x2E, 0x65, 0x45:
            return try scanFraction(
                from: first, isNegative: isNegative, magnitude: overflows ? nil : magnitude)
        default: break
        }
        if isNegative, magnitude == 0, !overflows { return .number(-0.0) }
        guard !overflows, magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) else {
            return .largeInteger(first..<position)
        }
        return .integer(Int64(truncatingIfNeeded: isNegative ? 0 &- magnitude : magnitude))
    }

    @inline(__always)
    private var currentDigit: UInt8? {
        let digit = current &- 0x30
        return digit < 10 ? digit : nil
    }

    private mutating func scanFraction(
        from first: Int, isNegative: Bool, magnitude whole: UInt64?
    ) throws(JSONError) -> Number {
        var magnitude = whole
        var exponent = 0
        if current == 0x2E {
            position += 1
            guard currentDigit != nil else { throw unexpected("a digit after '.'") }
            while let digit = currentDigit {
                magnitude = magnitude.flatMap {
                    $0 < 1 << 53 ? $0 * 10 + UInt64(digit) : nil
                }
                exponent -= 1
                position += 1
            }
        }
        if current == 0x65 || current == 0x45 {
            position += 1
            let isNegativeExponent = current == 0x2D
            if current == 0x2B || current == 0x2D { position += 1 }
            guard currentDigit != nil else { throw unexpected("a digit of the exponent") }
            var written = 0
            while let digit = currentDigit {
                if written < 1_000_000 { written = written * 10 + Int(digit) }
                position += 1
            }
            exponent += isNegativeExponent ? -written : written
        }
        // Both factors exact, one rounding: the nearest double (Clinger 1990).
        if let magnitude, magnitude <= 1 << 53, abs(exponent) <= 22 {
            let power = Self.exactPowers[abs(exponent)]
            let value = exponent < 0 ? Double(magnitude) / power : Double(magnitude) * power
            return .number(isNegative ? -value : value)
        }
        let text = String(
            decoding: UnsafeBufferPointer(start: start + first, count: position - first),
            as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw error("this number is beyond the range of 64-bit floats", at: first)
        }
        return .number(value)
    }
}

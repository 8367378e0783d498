/// The working vector of every Float routine: two SSE registers, or one AVX register.
package typealias Float8 = SIMD8<Float>

/// Lane by lane, `chosen` where `a < b`, else `other`.
///
/// The lanes are written out because the compiler then finds the one vector instruction; the
/// generic `replacing(with:where:)` and `pointwiseMin` stay loops over lanes in larger functions.
@inline(__always)
package func whereLess(_ a: Float8, _ b: Float8, _ chosen: Float8, _ other: Float8) -> Float8 {
    Float8(
        a[0] < b[0] ? chosen[0] : other[0], a[1] < b[1] ? chosen[1] : other[1],
        a[2] < b[2] ? chosen[2] : other[2], a[3] < b[3] ? chosen[3] : other[3],
        a[4] < b[4] ? chosen[4] : other[4], a[5] < b[5] ? chosen[5] : other[5],
        a[6] < b[6] ? chosen[6] : other[6], a[7] < b[7] ? chosen[7] : other[7])
}

/// Lane by lane, `chosen` where `a == b`, else `other`; `whereEqual(x, x, …)` finds numbers.
@inline(__always)
package func whereEqual(_ a: Float8, _ b: Float8, _ chosen: Float8, _ other: Float8) -> Float8 {
    Float8(
        a[0] == b[0] ? chosen[0] : other[0], a[1] == b[1] ? chosen[1] : other[1],
        a[2] == b[2] ? chosen[2] : other[2], a[3] == b[3] ? chosen[3] : other[3],
        a[4] == b[4] ? chosen[4] : other[4], a[5] == b[5] ? chosen[5] : other[5],
        a[6] == b[6] ? chosen[6] : other[6], a[7] == b[7] ? chosen[7] : other[7])
}

/// `max(a, b)` by lane; where either is not a number the result is `b`.
@inline(__always)
package func maximum(_ a: Float8, _ b: Float8) -> Float8 { whereLess(b, a, a, b) }

/// `min(a, b)` by lane; where either is not a number the result is `b`.
@inline(__always)
package func minimum(_ a: Float8, _ b: Float8) -> Float8 { whereLess(a, b, a, b) }

@inline(__always)
package func magnitude(_ a: Float8) -> Float8 {
    let bits = unsafeBitCast(a, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7FFF_FFFF)
    return unsafeBitCast(bits, to: Float8.self)
}

/// `value` with its sign bit exclusive-or'ed by that of `sign`.
@inline(__always)
package func flipSign(_ value: Float8, by sign: Float8) -> Float8 {
    let flip = unsafeBitCast(sign, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x8000_0000)
    return unsafeBitCast(unsafeBitCast(value, to: SIMD8<UInt32>.self) ^ flip, to: Float8.self)
}

/// The sum of the lanes in one fixed order: (0+4)+(2+6) and (1+5)+(3+7), then those two.
@inline(__always)
package func sumOfLanes(_ v: Float8) -> Float {
    let four = v.lowHalf + v.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
}

/// The largest lane; not-a-number lanes are passed over where a number stands beside them.
@inline(__always)
package func maximumOfLanes(_ v: Float8) -> Float {
    var best = v[0]
    for lane in 1..<8 where v[lane] > best || best.isNaN { best = v[lane] }
    return best
}

@inline(__always)
package func load8(_ p: UnsafePointer<Float>) -> Float8 {
    UnsafeRawPointer(p).loadUnaligned(as: Float8.self)
}

@inline(__always)
package func load8(_ p: UnsafeMutablePointer<Float>) -> Float8 {
    UnsafeRawPointer(p).loadUnaligned(as: Float8.self)
}

@inline(__always)
package func store8(_ v: Float8, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Float8.self)
}

/// The first `count` (0 to 8) elements, the remaining lanes filled.
@inline(__always)
package func loadTail(_ p: UnsafePointer<Float>, _ count: Int, fill: Float = 0) -> Float8 {
    var v = Float8(repeating: fill)
    for lane in 0..<count { v[lane] = p[lane] }
    return v
}

@inline(__always)
package func storeTail(_ v: Float8, _ p: UnsafeMutablePointer<Float>, _ count: Int) {
    for lane in 0..<count { p[lane] = v[lane] }
}

/// `y[i] = f(x[i])`. The tail runs through the same vector code as the body, so a value does not
/// depend on where in the range it stands. `y` may be `x`.
@inline(__always)
package func mapRange(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int,
    _ f: (Float8) -> Float8
) {
    var i = 0
    while i &+ 8 <= count {
        store8(f(load8(x + i)), y + i)
        i &+= 8
    }
    if i < count { storeTail(f(loadTail(x + i, count &- i)), y + i, count &- i) }
}

/// `y[i] = f(a[i], b[i])`; `y` may be `a` or `b`.
@inline(__always)
package func mapRange(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ count: Int, _ f: (Float8, Float8) -> Float8
) {
    var i = 0
    while i &+ 8 <= count {
        store8(f(load8(a + i), load8(b + i)), y + i)
        i &+= 8
    }
    if i < count {
        let rest = count &- i
        storeTail(f(loadTail(a + i, rest), loadTail(b + i, rest)), y + i, rest)
    }
}

/// `y[i] = f(a[i], b[i], c[i])`; `y` may be any of the three.
@inline(__always)
package func mapRange(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ count: Int, _ f: (Float8, Float8, Float8) -> Float8
) {
    var i = 0
    while i &+ 8 <= count {
        store8(f(load8(a + i), load8(b + i), load8(c + i)), y + i)
        i &+= 8
    }
    if i < count {
        let rest = count &- i
        storeTail(
            f(loadTail(a + i, rest), loadTail(b + i, rest), loadTail(c + i, rest)), y + i,
            rest)
    }
}

/// The sum over the range of `f(x[i])`: by lane in order, then the lanes in one fixed tree.
/// What `f` makes of the lanes past the end is dropped.
@inline(__always)
package func sumRange(
    _ x: UnsafePointer<Float>, _ count: Int, _ f: (Float8) -> Float8
) -> Float {
    sumRange(x, x, count) { value, _ in f(value) }
}

/// The sum over the range of `f(a[i], b[i])`, in the same fixed order.
@inline(__always)
package func sumRange(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int,
    _ f: (Float8, Float8) -> Float8
) -> Float {
    var even = Float8.zero
    var odd = Float8.zero
    var i = 0
    while i &+ 16 <= count {
        even += f(load8(a + i), load8(b + i))
        odd += f(load8(a + i + 8), load8(b + i + 8))
        i &+= 16
    }
    if i &+ 8 <= count {
        even += f(load8(a + i), load8(b + i))
        i &+= 8
    }
    if i < count {
        let rest = count &- i
        odd += keepLeading(f(loadTail(a + i, rest), loadTail(b + i, rest)), rest)
    }
    return sumOfLanes(even + odd)
}

/// The first `count` lanes, zeros after them.
@inline(__always)
func keepLeading(_ v: Float8, _ count: Int) -> Float8 {
    var kept = v
    for lane in count..<8 { kept[lane] = 0 }
    return kept
}

/// The largest of the range; −∞ for an empty one. A not-a-number may or may not be passed over:
/// callers subtract the result from the same values and meet it again there.
@inline(__always)
package func maximumOfRange(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    var best = Float8(repeating: -.infinity)
    var i = 0
    while i &+ 8 <= count {
        best = maximum(best, load8(x + i))
        i &+= 8
    }
    if i < count { best = maximum(best, loadTail(x + i, count &- i, fill: -.infinity)) }
    return maximumOfLanes(best)
}

import MartletCodegen
import Testing

@Suite struct LoopIRTests {
    private func scale() throws -> LoopFunction {
        let k = LoopBuilder("scale")
        let (x, y) = (k.input("x"), k.output("y"))
        let count = k.parameter("count")
        k.loop(k.constant(0), count, step: 8) { index in
            let mask = k.firstLanes(count - index, of: 8)
            (y + index).store((x + index).load(lanes: 8, mask: mask) * 2.5, mask: mask)
        }
        return try k.finish()
    }

    @Test func prints() throws {
        #expect(
            try scale().description == """
                kernel scale(x: f32, out y: f32; count)
                  %0: i64 = 0
                  %1: i64 = parameter count
                  %9: f32x8 = 2.5
                  loop %2 in %0 ..< %1 step 8
                    %3: i64 = subtract %1, %2
                    %4: i32x8 = laneIndices
                    %5: i32 = truncate %3
                    %6: i32x8 = splat %5
                    %7: boolx8 = less %4, %6
                    %8: f32x8 = load x[%2] where %7
                    %10: f32x8 = multiply %8, %9
                    store %10 to y[%2] where %7

                """)
    }

    @Test(arguments: [0, 1, 7, 8, 9, 31], Backend.allCases)
    func masksTheTail(count: Int, backend: Backend) throws {
        let arrays = Arrays()
        let inputs = (0..<count).map(Float.init)
        arrays.add(inputs)
        arrays.add(inputs)
        try arrays.run(scale(), on: backend, parameters: [Int64(count)])
        #expect(arrays.floats(1) == inputs.map { $0 * 2.5 })
    }

    @Test func interpreterRefusesAccessOutsideABuffer() throws {
        let arrays = Arrays()
        arrays.add([Float](repeating: 0, count: 5))
        arrays.add([Float](repeating: 0, count: 8))
        let error = #expect(throws: LoopInterpreterError.self) {
            try arrays.run(scale(), on: .interpreter, parameters: [8])
        }
        #expect(
            error?.description
                == "kernel scale, part 0: element 5 is outside x with 5 elements")
    }

    @Test func verifierNamesTheFault() throws {
        var function = try scale()
        function.body.removeFirst()
        let error = #expect(throws: LoopVerificationError.self) {
            try LoopVerifier.verify(function)
        }
        #expect(error?.description == "kernel scale: %0 is used before it is defined")
    }

    @Test(arguments: Backend.allCases)
    func reducesInAFixedTree(backend: Backend) throws {
        let k = LoopBuilder("reduce")
        let (x, y) = (k.input("x"), k.output("y"))
        let vector = x.load(lanes: 16)
        y.store(vector.reduce(.sum))
        (y + 1).store(vector.reduce(.maximum))
        (y + 2).store(vector.reduce(.minimum))
        var generator = Generator(7)
        let inputs = generator.floats(16, -1e6...1e6)
        let arrays = Arrays()
        arrays.add(inputs)
        arrays.add([Float](repeating: 0, count: 3))
        try arrays.run(k.finish(), on: backend)
        var lanes = inputs
        while lanes.count > 1 {
            let half = lanes.count / 2
            lanes = (0..<half).map { lanes[$0] + lanes[$0 + half] }
        }
        #expect(arrays.floats(1) == [lanes[0], inputs.max() ?? 0, inputs.min() ?? 0])
    }

    @Test(arguments: Backend.allCases)
    func loopsCarryValuesAndMayBeEmpty(backend: Backend) throws {
        let k = LoopBuilder("sums")
        let (x, y) = (k.input("x"), k.output("y"))
        let rows = k.parameter("rows")
        let part = k.parts([PartAxis(.parameter("rows", atMost: 9))])[0]
        let sum = k.loop(k.constant(0), part, carrying: [k.constant(Float(0))]) { index, sum in
            [sum[0] + (x + index).load()]
        }
        (y + part).store(sum[0])
        k.branch(part .== rows - 1) { (y + rows).store(k.constant(Float(-1))) }
        let arrays = Arrays()
        arrays.add((1...9).map(Float.init))
        arrays.add([Float](repeating: 0, count: 6))
        try arrays.run(k.finish(), on: backend, parameters: [5])
        #expect(arrays.floats(1) == [0, 1, 3, 6, 10, -1])
    }
}

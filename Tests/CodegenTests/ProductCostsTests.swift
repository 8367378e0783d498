#if LLVM
    import Foundation
    import MartletCodegen
    import MartletIR
    import MartletRuntime
    import Testing

    struct ProductCostsTests {
        private let small = ProductShape(rows: 4, columns: 8, depth: 8)
        private let large = ProductShape(rows: 1024, columns: 512, depth: 512)

        private var costs: ProductCosts {
            ProductCosts(entries: [
                .init(small, generatedNanoseconds: 1000, libraryNanoseconds: 800),
                .init(large, generatedNanoseconds: 1000, libraryNanoseconds: 950),
            ])
        }

        @Test func theNearestShapeDecides() {
            #expect(costs.prefersLibrary(small))
            #expect(costs.prefersLibrary(ProductShape(rows: 9, columns: 20, depth: 5)))
            // Faster by less than what measurements vary.
            #expect(!costs.prefersLibrary(large))
            #expect(!costs.prefersLibrary(ProductShape(rows: 128, columns: 768, depth: 768)))
            var transposed = small
            transposed.rightIsTransposed = true
            #expect(!costs.prefersLibrary(transposed), "nothing is known of this layout")
            #expect(!ProductCosts.builtIn(.avx512).prefersLibrary(small))
            #expect(ProductCosts.builtIn(.sse2).prefersLibrary(small))
        }

        @Test func plansFollowTheTable() throws {
            let b = GraphBuilder()
            func input(_ name: String, _ shape: Shape) throws -> MartletIR.Value {
                try b.append(.input(Input(name, role: .data, type: TensorType(.f32, shape))))
            }
            let x = try input("x", [4, 8])
            let y = try b.dotGeneral(
                x, input("w", [8, 8]), leftContracting: [1], rightContracting: [0])
            b.output("y", y)
            b.output(
                "z",
                try b.dotGeneral(
                    y, input("v", [8, 900]), leftContracting: [1], rightContracting: [0]))
            let plan = try Plan(b.build())
            let target = try CPUTarget.named("x86-64-v3")
            func names(_ costs: ProductCosts?) throws -> [String] {
                try PlanCode(plan, target: target, costs: costs).kernels.map(\.name)
            }
            #expect(try names(nil) == ["matmul.0", "matmul.1"])
            #expect(try names(costs) == ["dot_general.0", "dot_general.1"])
            var nearer = costs
            nearer.entries.append(
                .init(
                    ProductShape(rows: 4, columns: 900, depth: 8), generatedNanoseconds: 1,
                    libraryNanoseconds: 2))
            #expect(try names(nearer) == ["dot_general.0", "matmul.1"])
        }

        @Test func calibrationMeasuresBoth() throws {
            let shapes = [
                small, ProductShape(rows: 5, columns: 70, depth: 3, leftIsTransposed: true),
            ]
            let measured = try ProductCalibration.measure(CodegenSession(), shapes: shapes)
            #expect(measured.entries.map(\.shape) == shapes)
            #expect(
                measured.entries.allSatisfy {
                    $0.generatedNanoseconds > 0 && $0.libraryNanoseconds > 0
                })
            #expect(Set(ProductCalibration.shapes).count == ProductCalibration.shapes.count)
        }
    }

    /// The file in the cache folder: written for its owner, read only if nobody else could have
    /// written it.
    struct ProductCostsFileTests {
        private let root: URL
        private let file: ProductCostsFile
        private let costs = ProductCosts(entries: [
            .init(
                ProductShape(rows: 1, columns: 2, depth: 3, rightIsTransposed: true),
                generatedNanoseconds: 4, libraryNanoseconds: 5)
        ])

        init() throws {
            root = FileManager.default.temporaryDirectory
                .appendingPathComponent("martlet-\(UUID().uuidString)/cache")
            file = try #require(
                ProductCostsFile(
                    CPUTarget.named("x86-64-v3"), environment: ["XDG_CACHE_HOME": root.path]))
        }

        private func mode(_ path: String) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return try #require(attributes[.posixPermissions] as? Int)
        }

        private func expectRefusal(_ reason: String) {
            let error = #expect(throws: CodegenError.self) { try file.read() }
            #expect(
                error?.description
                    == "\(file.path): \(reason); remove it, or run martlet calibrate")
        }

        @Test func whatIsWrittenIsReadAndForgotten() throws {
            #expect(try file.read() == nil)
            try file.write(costs)
            #expect(try file.read() == costs)
            #expect(try mode(file.path) == 0o600)
            #expect(try mode(root.appendingPathComponent("martlet").path) == 0o700)
            try file.remove()
            #expect(try file.read() == nil)
            try file.remove()
        }

        @Test func filesOpenToOthersAreRefused() throws {
            try file.write(costs)
            let manager = FileManager.default
            try manager.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
            expectRefusal("it, or its folder, is open to other users")
            try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            #expect(try file.read() == costs)
            let folder = root.appendingPathComponent("martlet").path
            try manager.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
            expectRefusal("it, or its folder, is open to other users")
            let error = #expect(throws: CodegenError.self) { try file.write(costs) }
            #expect(
                error?.description
                    == "\(folder): other users may write there; make it yours alone (chmod go-w)")
            try manager.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
            let other = root.appendingPathComponent("elsewhere.txt").path
            try manager.moveItem(atPath: file.path, toPath: other)
            try manager.createSymbolicLink(atPath: file.path, withDestinationPath: other)
            expectRefusal("it cannot be opened, or is a link")
        }

        @Test func damagedAndForeignFilesAreRefused() throws {
            try file.write(costs)
            let text = try String(contentsOfFile: file.path, encoding: .utf8)
            let header = try #require(text.split(separator: "\n").first)
            func replace(_ bytes: Data) throws {
                let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.path))
                try handle.truncate(atOffset: 0)
                try handle.write(contentsOf: bytes)
                try handle.close()
            }
            for line in ["1 2 3 nn 4", "1 2 3 nx 4 5", "1 2 3 nn 4 -5", "1 2 3 nn 4 5 6"] {
                try replace(Data("\(header)\n\(line)\n".utf8))
                expectRefusal("line 2: \"\(line)\" is no measurement")
            }
            try replace(Data("\(header)\n".utf8))
            expectRefusal("there is no measurement in it")
            try replace(Data("martlet 0.0 product costs\n1 2 3 nn 4 5\n".utf8))
            expectRefusal("these costs were measured elsewhere: expected \"\(header)\"")
            try replace(Data([0xFF, 0xFE]))
            expectRefusal("it is no text")
            try replace(Data(count: 1 << 17))
            expectRefusal("it is too large")
        }

        @Test func withoutAPlaceForCachesThereIsNone() throws {
            let target = try CPUTarget.named("x86-64-v3")
            #expect(ProductCostsFile(target, environment: [:]) == nil)
            #expect(ProductCostsFile(target, environment: ["HOME": "here"]) == nil)
            let path = ProductCostsFile(target, environment: ["HOME": "/h"])?.path
            #expect(path?.hasPrefix("/h/.cache/martlet/product-costs-") == true)
            #expect(path?.hasSuffix("-x86-64-v3.txt") == true)
        }
    }
#endif

#if LLVM
    import MartletCodegen
    import Testing

    struct AddressSanitizerTests {
        /// Else `make sanitize` would find nothing, and nobody would know.
        @Test(
            .enabled(
                if: AddressSanitizer.isInProcess,
                "needs the sanitizer's runtime in the process: run `make sanitize`"))
        func anAccessBesideABufferEndsTheProcess() async {
            await #expect(processExitsWith: .failure) {
                let k = LoopBuilder("copy")
                let (x, y) = (k.input("x"), k.output("y"))
                y.store(x.load())
                let arrays = Arrays()
                // Its one element lies behind the buffer's end.
                arrays.add([Float]())
                arrays.add([Float](repeating: 0, count: 1))
                try arrays.run(k.finish(), on: .native)
            }
        }
    }
#endif

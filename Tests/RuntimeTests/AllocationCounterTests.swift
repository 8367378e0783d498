import AllocationCounter
import MartletRuntime
import Testing

/// Each in a process of its own, where no other test allocates.
@Suite(.enabled(if: allocation_counter_is_available(), "a sanitizer counts its own way"))
struct AllocationCounterTests {
    @Test func countsSwiftAndCAllocations() async {
        await #expect(processExitsWith: .success) {
            allocation_counter_start()
            let before = allocation_counter_thread_count()
            let array = [Int](unsafeUninitializedCapacity: 1000) { _, count in count = 0 }
            let block = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
            block.deallocate()
            let count = allocation_counter_stop()
            #expect(array.capacity >= 1000)
            #expect(count >= 2)
            #expect(allocation_counter_thread_count() - before >= 2)
            let more = [Int](unsafeUninitializedCapacity: 1000) { _, count in count = 0 }
            #expect(more.capacity >= 1000)
            #expect(allocation_counter_count() == count, "counted after the stop")
        }
    }

    @Test func countsNothingWhenNothingIsAllocated() async {
        await #expect(processExitsWith: .success) {
            var sum = 0
            allocation_counter_start()
            for index in 0..<1000 { sum &+= index }
            let count = allocation_counter_stop()
            #expect(count == 0)
            #expect(sum == 499_500)
        }
    }

    @Test func runsAllocateNothing() async {
        await #expect(processExitsWith: .success) {
            let pool = try ThreadPool(threadCount: 3)
            let sums = UnsafeMutablePointer<Int>.allocate(capacity: 64)
            sums.initialize(repeating: 0, count: 64)
            let phases = (0..<4).map { _ in Phase(partCount: 16) { part, _ in sums[part] += 1 } }
            func runAll(times: Int) {
                for _ in 0..<times {
                    pool.run(phases)
                    pool.run(partCount: 16, context: (sums, 16)) { context, part, _ in
                        context.0[part + context.1] += 1
                    }
                }
            }
            runAll(times: 100)
            // The counter is the process's: another of its threads may allocate now and then.
            var (count, rounds) = (UInt64.max, 1)
            while count > 0, rounds < 6 {
                allocation_counter_start()
                runAll(times: 100)
                count = min(count, allocation_counter_stop())
                rounds += 1
            }
            #expect(count == 0, "\(count) allocations")
            #expect(sums[0] == 400 * rounds && sums[16] == 100 * rounds)
        }
    }
}

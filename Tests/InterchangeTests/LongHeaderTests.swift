import Foundation
import MartletInterchange
import Testing

/// A header as long as is allowed, with as many names as fit (fault 10).
@Suite struct LongHeaderTests {
    /// A file whose header has 100 MB: 1.8 million tensors without elements, names of four
    /// letters and digits.
    private static func file() -> [UInt8] {
        let limit = 100_000_000
        let digits = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        let rest = Array("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}".utf8)
        var file = [UInt8](repeating: 0, count: 8)
        file.reserveCapacity(8 + limit)
        file.append(UInt8(ascii: "{"))
        var number = 0
        while file.count - 8 + rest.count + 7 <= limit {
            if number > 0 { file.append(UInt8(ascii: ",")) }
            file.append(UInt8(ascii: "\""))
            var left = number
            for _ in 0..<4 {
                file.append(digits[left % 62])
                left /= 62
            }
            file += rest
            number += 1
        }
        file.append(UInt8(ascii: "}"))
        withUnsafeBytes(of: UInt64(file.count - 8).littleEndian) { length in
            for i in 0..<8 { file[i] = length[i] }
        }
        return file
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The most memory the process ever had, in bytes.
    private static func peakByteCount() -> Int {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }

    /// In a process of its own, where no other test takes memory.
    @Test func theLongestHeaderTakesTwoSecondsAndBoundedMemory() async {
        await #expect(processExitsWith: .success) {
            let file = LongHeaderTests.file()
            let before = LongHeaderTests.peakByteCount()
            let start = LongHeaderTests.processorSeconds()
            let header = try file.withUnsafeBytes { try SafetensorsHeader(parsingFile: $0) }
            let seconds = LongHeaderTests.processorSeconds() - start
            let growth = LongHeaderTests.peakByteCount() - before
            #expect(header.tensors.count > 1_800_000)
            #expect(header["0001"]?.byteRange == 0..<0)
            #expect(header["ZZZZ"] == nil)
            #expect(seconds <= 2)
            #expect(growth <= 6 * file.count, "\(growth) bytes")
        }
    }
}

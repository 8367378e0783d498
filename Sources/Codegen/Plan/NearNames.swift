/// Which names someone may have meant.
enum NearNames {
    /// The names with the fewest letters to change first.
    static func sorted(_ names: [String], by name: String) -> [String] {
        let letters = Array(name.utf8)
        return names.map { ($0, editCount(letters, Array($0.utf8))) }
            .sorted { $0.1 < $1.1 }
            .map(\.0)
    }

    /// Letters to insert, remove or replace to make one text the other (Levenshtein, 1966).
    private static func editCount(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let replaced = diagonal + (letter == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[b.count]
    }
}

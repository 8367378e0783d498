/// Places boxes in ranks from top to bottom (Sugiyama et al., 1981): ranks by the longest way from
/// an input, a bend in every rank that an edge passes, orders by the mean place of neighbours,
/// then columns pulled towards neighbours.
package struct DiagramLayout {
    package struct Item {
        /// The box; nil for a bend of an edge.
        package var box: Int?
        package var width: Double
        package var rank: Int
        /// The middle, in pixels.
        package var x = 0.0
        package var above: [Int] = []
        package var below: [Int] = []
    }

    package private(set) var items: [Item] = []
    /// Items of each edge from source to target, bends between them.
    package private(set) var edges: [[Int]] = []
    /// The top of each rank and its height.
    package private(set) var tops: [Double] = []
    package private(set) var heights: [Double] = []
    package private(set) var width = 0.0
    package private(set) var height = 0.0
    private var ranks: [[Int]] = []

    static let gap = 28.0
    static let rankGap = 44.0
    static let margin = 24.0
    private static let bendWidth = 8.0

    package init(_ boxes: [Diagram.Box]) {
        place(boxes)
        order()
        for sweep in 0..<12 { align(downwards: sweep.isMultiple(of: 2)) }
        measure(boxes)
    }

    private mutating func place(_ boxes: [Diagram.Box]) {
        for (index, box) in boxes.enumerated() {
            let rank = box.sources.map { items[$0].rank + 1 }.max() ?? 0
            items.append(Item(box: index, width: box.width, rank: rank))
        }
        pullSourcesDown(boxes)
        for (index, box) in boxes.enumerated() {
            for source in box.sources {
                var chain = [source]
                for rank
                    in (items[source].rank + 1)..<max(items[index].rank, items[source].rank + 1)
                {
                    items.append(Item(box: nil, width: Self.bendWidth, rank: rank))
                    chain.append(items.count - 1)
                }
                chain.append(index)
                for (upper, lower) in zip(chain, chain.dropFirst()) {
                    items[upper].below.append(lower)
                    items[lower].above.append(upper)
                }
                edges.append(chain)
            }
        }
        ranks = Array(repeating: [], count: (items.map(\.rank).max() ?? 0) + 1)
        for (index, item) in items.enumerated() { ranks[item.rank].append(index) }
    }

    /// An input that is first needed late stands just above its first reader.
    private mutating func pullSourcesDown(_ boxes: [Diagram.Box]) {
        for (index, box) in boxes.enumerated() where box.sources.isEmpty {
            let readers = boxes.indices.filter { boxes[$0].sources.contains(index) }
            if let first = readers.map({ items[$0].rank }).min() { items[index].rank = first - 1 }
        }
    }

    /// Sorts each rank by the mean place of its neighbours, alternating between those above and
    /// those below.
    private mutating func order() {
        var places = [Double](repeating: 0, count: items.count)
        func record(_ rank: [Int]) {
            for (place, item) in rank.enumerated() { places[item] = Double(place) }
        }
        ranks.forEach(record)
        for sweep in 0..<8 {
            let downwards = sweep.isMultiple(of: 2)
            for rank in downwards ? Array(ranks.indices) : ranks.indices.reversed() {
                let keyed = ranks[rank].map { item -> (key: Double, item: Int) in
                    let near = downwards ? items[item].above : items[item].below
                    guard !near.isEmpty else { return (places[item], item) }
                    return (near.map { places[$0] }.reduce(0, +) / Double(near.count), item)
                }
                ranks[rank] = keyed.sorted { ($0.key, $0.item) < ($1.key, $1.item) }.map(\.item)
                record(ranks[rank])
            }
        }
    }

    /// Pulls each item below or above its neighbours, then apart where they would overlap.
    private mutating func align(downwards: Bool) {
        for rank in downwards ? Array(ranks.indices) : ranks.indices.reversed() {
            let row = ranks[rank]
            var wanted = row.map { item in
                let near = downwards ? items[item].above : items[item].below
                guard !near.isEmpty else { return items[item].x }
                return near.map { items[$0].x }.reduce(0, +) / Double(near.count)
            }
            // The mean of the leftmost and the rightmost placement without overlaps.
            var fromLeft = wanted
            for place in row.indices.dropFirst() {
                fromLeft[place] = max(wanted[place], fromLeft[place - 1] + distance(row, place))
            }
            var fromRight = wanted
            for place in row.indices.dropLast().reversed() {
                fromRight[place] = min(
                    wanted[place], fromRight[place + 1] - distance(row, place + 1))
            }
            for place in row.indices { wanted[place] = (fromLeft[place] + fromRight[place]) / 2 }
            for place in row.indices { items[row[place]].x = wanted[place] }
        }
    }

    /// Between the middles of a place and the one before it.
    private func distance(_ row: [Int], _ place: Int) -> Double {
        (items[row[place - 1]].width + items[row[place]].width) / 2 + Self.gap
    }

    private mutating func measure(_ boxes: [Diagram.Box]) {
        let left = items.map { $0.x - $0.width / 2 }.min() ?? 0
        for index in items.indices { items[index].x += Self.margin - left }
        width = (items.map { $0.x + $0.width / 2 }.max() ?? 0) + Self.margin
        var top = Self.margin
        for rank in ranks {
            let tallest = rank.compactMap { items[$0].box.map { boxes[$0].height } }.max() ?? 0
            tops.append(top)
            heights.append(tallest)
            top += tallest + Self.rankGap
        }
        height = top - Self.rankGap + Self.margin
    }
}

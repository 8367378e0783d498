/// Puts titles, leads and further sentences together to rows.
struct NewsEditor {
    private let topics = NewsGrammar.topics
    private let anyTopic = NewsGrammar.anyTopic

    /// A row of 20 to 60 words. A quarter of the titles, a fifth of the leads and half of the
    /// sentences after them could stand in any section, and a few of those belong to another one:
    /// with these shares counting words is right for about 96 of 100 rows.
    func row(label: Int, random: NewsRandom) -> NewsCorpus.Row {
        var choices = random
        var writer = NewsWriter(random: NewsRandom(continuing: &choices))
        let topic = topics[label]
        let title = writer.write("title", in: choices.next(below: 100) < 24 ? anyTopic : topic)
        var sentences = [
            writer.write("lead", in: choices.next(below: 100) < 19 ? anyTopic : topic)
        ]
        var wordCount = Self.wordCount(title) + Self.wordCount(sentences[0])
        let wanted = 22 + choices.next(below: 34)
        while wordCount < wanted {
            let kind = choices.next(below: 100)
            let grammar =
                kind < 50 ? anyTopic : kind < 86 ? topic : topics[choices.next(below: 4)]
            let sentence = writer.write("tail", in: grammar)
            wordCount += Self.wordCount(sentence)
            guard wordCount <= 60, !sentences.contains(sentence) else { break }
            sentences.append(sentence)
        }
        var description = sentences.joined(separator: " ")
        if wordCount < 57, choices.next(below: 4) == 0 {
            let agency = writer.write("agency", in: anyTopic)
            description = "\(agency) - \(description)"
        }
        return NewsCorpus.Row(
            label: label, title: Self.titleCased(title), description: description)
    }

    private static func wordCount(_ text: String) -> Int { text.split(separator: " ").count }

    /// Long words of a title begin with a capital.
    private static func titleCased(_ title: String) -> String {
        title.split(separator: " ").map { word in
            word.count > 3 ? word.prefix(1).uppercased() + word.dropFirst() : String(word)
        }.joined(separator: " ")
    }
}

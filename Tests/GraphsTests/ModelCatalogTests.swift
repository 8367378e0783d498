import Martlet
import MartletGraphs
import Testing

struct ModelCatalogTests {
    /// Names that have gone out of use would make `Benchmarks` refuse the weights.
    @Test func benchmarkNamesAreThoseOfTheModel() throws {
        for entry in ModelCatalog.entries where entry.benchmarkNames.map == nil {
            let names = try entry.model().parameters.map(\.name)
            #expect(Set(names) == Set(entry.benchmarkNames.weights.keys), "\(entry.name)")
        }
    }

    @Test func anUnknownModelIsToldTheKnownOnes() {
        let error = #expect(throws: UnknownModel.self) { try ModelCatalog.entry("bert") }
        #expect(
            error?.description == "there is no model \"bert\"; the models are "
                + "ag-news-transformer, bert-small, bert-minilm, bert-base")
    }
}

import MartletText

extension AGNewsExample: TrainingExample {
    public static func examples(_ batch: [AGNewsExample]) -> Examples {
        Examples(x: DataArray(batch.map(\.text)), y: DataArray(batch.map(\.label)))
    }
}

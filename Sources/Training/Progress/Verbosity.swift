/// What is reported while a model trains.
public enum Verbosity: Hashable, Sendable {
    /// A progress bar where standard output is a terminal, else one line for each epoch.
    case automatic
    case silent
    case progressBar
    case lines
}

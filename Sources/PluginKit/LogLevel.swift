/// How much a line in the log matters.
public enum LogLevel: String, Sendable, Hashable, CaseIterable {
    /// Only of interest to who looks for a fault.
    case debug
    /// The normal course of things.
    case info
    /// Something was not as it should be, and was coped with.
    case warning
    /// Something needs a person.
    case error
}

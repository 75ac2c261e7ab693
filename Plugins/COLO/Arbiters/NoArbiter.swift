internal import PluginKit

/// Nobody decides: this side goes on, and so may the other.
///
/// For tests.
struct NoArbiter: Arbiter {
    var waitsFor: String? { nil }

    mutating func asked(_ question: Question, _ context: inout PluginContext) -> Decision? { .goOn }
}

internal import PluginKit
internal import QMP

/// All runbooks, filled in: those that come with the plugin, or an operator's in their place.
struct Runbooks: Sendable {
    private var texts: [Runbook.Shipped: Bytes] = [:]
    private var variables: RunbookVariables
    private var runbooks: [Runbook.Shipped: Runbook] = [:]

    /// Reads them.
    ///
    /// - Throws: what is wrong, with file and line if it is in one of them.
    init(_ settings: PluginSettings) throws(PluginSettings.Invalid) {
        variables = try RunbookVariables(settings)
        if let own = try settings.mapping("runbooks", wanted: "a directory of runbooks") {
            let files = Runbook.Shipped.allCases.map(\.file)
            try own.only(files)
            for runbook in Runbook.Shipped.allCases {
                texts[runbook] = try own.text(runbook.file, wanted: "a runbook").map { Bytes(text: $0) }
            }
        }
        do throws(Runbook.Invalid) {
            try read()
        } catch {
            let isOwn = Runbook.Shipped.allCases.contains { $0.file == error.file && texts[$0] != nil }
            guard isOwn else { throw PluginSettings.Invalid(path: [], reason: error.description) }
            let reason = "line \(error.line): \(error.reason)"
            throw PluginSettings.Invalid(path: ["runbooks", error.file], reason: reason)
        }
    }

    /// A runbook.
    subscript(name: Runbook.Shipped) -> Runbook {
        guard let runbook = runbooks[name] else { preconditionFailure("all runbooks are read at first") }
        return runbook
    }

    /// All of them.
    var all: [Runbook] { Runbook.Shipped.allCases.map { self[$0] } }

    /// Milliseconds between checkpoints, as the runbooks set it.
    var checkpointDelay: Int { variables.checkpointDelay }

    /// The node and the object that the plugin itself looks for.
    var replication: String { variables.text("replication") }
    var rewriter: String { variables.text("rew0") }

    /// Changes the time between checkpoints.
    mutating func set(checkpointDelay: Int) {
        variables.checkpointDelay = checkpointDelay
        do throws(Runbook.Invalid) {
            try read()
        } catch {
            preconditionFailure("a number in a number's place changes nothing: \(error)")
        }
    }

    private mutating func read() throws(Runbook.Invalid) {
        for name in Runbook.Shipped.allCases {
            let text = texts[name] ?? name.text
            runbooks[name] = try Runbook(parsing: text, name: name.rawValue, file: name.file, variables: variables)
        }
    }
}

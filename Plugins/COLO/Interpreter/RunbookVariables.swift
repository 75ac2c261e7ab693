internal import PluginKit
internal import QMP

/// What `$name` stands for in runbooks: settings, which have the names of QEMU's COLO document unless set otherwise.
///
/// A string that is nothing but `$name` becomes the value with its type, since QEMU insists: a port is a string, the
/// checkpoint delay a number. In a longer string its text is put; `$$` is a dollar sign.
struct RunbookVariables: Sendable, Equatable {
    /// Why a text cannot be filled in.
    struct Unknown: Error, Sendable, Equatable {
        /// What is wrong, and what is wanted.
        let reason: String
    }

    /// Ids and addresses as in docs/COLO-FT.txt; an id stands under its own name.
    private static let texts: [(name: String, text: String)] = [
        ("disk", "colo-disk0"), ("parent", "parent0"), ("replication", "replication0"), ("child", "children.1"),
        ("job", "resync"), ("netdev", "hn0"), ("listen-host", "0.0.0.0"), ("loop-host", "127.0.0.1"),
        ("nbd-port", "9999"), ("migrate-port", "9998"), ("mirror-port", "9003"), ("compare-port", "9004"),
        ("compare-in-port", "9001"), ("compare-out-port", "9005"),
        ("mirror0", "mirror0"), ("compare0", "compare0"), ("compare0-0", "compare0-0"), ("compare1", "compare1"),
        ("compare_out", "compare_out"), ("compare_out0", "compare_out0"), ("red0", "red0"), ("red1", "red1"),
        ("m0", "m0"), ("redire0", "redire0"), ("redire1", "redire1"), ("iothread1", "iothread1"), ("comp0", "comp0"),
        ("f1", "f1"), ("f2", "f2"), ("rew0", "rew0"),
    ]

    /// Names that have no usual value.
    private static let peerHost = "peer-host"
    private static let host = "host"
    private static let checkpointDelay = "checkpoint-delay"
    /// Milliseconds, QEMU's own default (migration/options.c, `DEFAULT_MIGRATE_X_CHECKPOINT_DELAY`).
    private static let checkpointDelayUsual = 20_000

    /// The keys of a plugin's settings that are variables.
    static let keys = texts.map(\.name) + [host, peerHost, checkpointDelay]

    private var values: [String: JSONValue]

    /// The variables as they are set.
    ///
    /// - Parameter settings: the plugin's; it may have other keys, too.
    /// - Throws: what is not of its type, or that the peer's host is missing.
    init(_ settings: PluginSettings) throws(PluginSettings.Invalid) {
        values = [:]
        for (name, text) in Self.texts {
            values[name] = .string(try settings.text(name) ?? text)
        }
        // Who says where this host is on the pair's link wants its QEMU to listen there only.
        if let host = try settings.text(Self.host), try settings.text("listen-host") == nil {
            values["listen-host"] = .string(host)
        }
        guard let host = try settings.text(Self.peerHost, wanted: "the peer's host") else {
            throw settings.missing(Self.peerHost, wanted: "the peer's host, as QEMU reaches it")
        }
        values[Self.peerHost] = .string(host)
        let delay = try settings.number(Self.checkpointDelay, in: 1...Int(UInt32.max))
        values[Self.checkpointDelay] = .integer(Int64(delay ?? Self.checkpointDelayUsual))
    }

    /// The value of `$checkpoint-delay`, in milliseconds.
    var checkpointDelay: Int {
        get { values[Self.checkpointDelay]?.integer.map(Int.init) ?? Self.checkpointDelayUsual }
        set { values[Self.checkpointDelay] = .integer(Int64(newValue)) }
    }

    /// The text of a variable that always has one.
    func text(_ name: String) -> String { values[name]?.string ?? "" }

    /// A value with all that stands for something else filled in; names of members stand for themselves.
    ///
    /// - Throws: which variable there is not.
    func filling(_ value: JSONValue) throws(Unknown) -> JSONValue {
        switch value {
        case .string(let text): return try filling(text)
        case .array(let elements):
            var filled: [JSONValue] = []
            for element in elements { filled.append(try filling(element)) }
            return .array(filled)
        case .object(let members):
            var filled: [JSONValue.Member] = []
            for member in members { filled.append(JSONValue.Member(member.key, try filling(member.value))) }
            return .object(filled)
        case .null, .bool, .integer, .unsigned, .double: return value
        }
    }

    private func filling(_ text: String) throws(Unknown) -> JSONValue {
        var filled = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            filled += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                filled += "$"
                rest = rest.dropFirst()
                continue
            }
            let name = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            guard let value = values[name] else { throw unknown(name) }
            rest = rest.dropFirst(name.count)
            if filled.isEmpty, rest.isEmpty, text.count == name.count + 1 { return value }
            filled += value.string ?? value.written().text
        }
        return .string(filled + rest)
    }

    private func unknown(_ name: String) -> Unknown {
        let advice =
            Spelling.nearest(to: name, among: Self.keys).map { "did you mean $\($0)?" }
            ?? "a dollar sign itself is written $$"
        return Unknown(reason: "unknown variable $\(name): \(advice)")
    }
}

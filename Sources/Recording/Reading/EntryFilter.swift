internal import CSupport
internal import QMP

/// Which entries are wanted: an expression such as `~x query-* & !~client 2`.
///
/// ``FilterTerm/all`` lists the terms. `!` binds closer than `&`, that closer than `|`; two terms side by side are both
/// wanted; `( )` groups; words may be quoted with `'` or `"`.
public struct EntryFilter: Sendable {
    /// What one term asks.
    enum Predicate: Sendable {
        case everything, reply, failure, outOfBand, descriptors, greeting, monitor, verdict, mark, received, sent
        case opened, closed, gap, redacted
        case name(Glob), event(Glob), errorClass(Glob), plugin(Glob)
        case client(Int), command(Int)
        case slower(Int64), faster(Int64)
        case after(Instant), before(Instant)
        case text(String)
    }

    indirect enum Expression: Sendable {
        case term(Predicate)
        case not(Expression)
        case all([Expression])
        case any([Expression])
    }

    private let expression: Expression

    /// Reads an expression.
    ///
    /// - Throws: ``SyntaxError`` at the first thing that is wrong.
    public init(_ text: String) throws(SyntaxError) {
        var parser = FilterParser(text)
        expression = try parser.expression()
    }

    /// Whether an entry is wanted.
    public func matches(_ entry: Entry, _ meaning: Meaning) -> Bool {
        expression.matches(entry, meaning)
    }
}

extension EntryFilter.Expression {
    fileprivate func matches(_ entry: Entry, _ meaning: Meaning) -> Bool {
        switch self {
        case .term(let predicate): predicate.matches(entry, meaning)
        case .not(let expression): !expression.matches(entry, meaning)
        case .all(let expressions): expressions.allSatisfy { $0.matches(entry, meaning) }
        case .any(let expressions): expressions.contains { $0.matches(entry, meaning) }
        }
    }
}

extension EntryFilter.Predicate {
    fileprivate func matches(_ entry: Entry, _ meaning: Meaning) -> Bool {
        switch self {
        case .everything: true
        case .reply: if case .reply = meaning.subject { true } else { false }
        case .failure: meaning.failure != nil || entry.answer != nil
        case .outOfBand: meaning.isOutOfBand
        case .descriptors: entry.descriptors > 0
        case .greeting: meaning.subject == .greeting
        case .monitor: entry.place == .monitor
        case .verdict: if case .verdict = entry.kind { true } else { false }
        case .mark: if case .mark = entry.kind { true } else { false }
        case .received: if case .received = entry.kind { true } else { false }
        case .sent: if case .sent = entry.kind { true } else { false }
        case .opened: if case .opened = entry.kind { true } else { false }
        case .closed: if case .closed = entry.kind { true } else { false }
        case .gap: if case .gap = entry.kind { true } else { false }
        case .redacted: entry.isRedacted
        case .name(let glob): meaning.commandNames(match: glob)
        case .event(let glob): if case .event(let name) = meaning.subject { glob.matches(name) } else { false }
        case .errorClass(let glob): meaning.failure.map { glob.matches($0.class) } ?? false
        case .plugin(let glob): meaning.plugin.map { glob.matches($0) } ?? false
        case .client(let number): meaning.client == number
        case .command(let number): entry.command == number
        case .slower(let microseconds): meaning.latency.map { $0 >= microseconds } ?? false
        case .faster(let microseconds): meaning.latency.map { $0 < microseconds } ?? false
        case .after(let time): entry.time >= time
        case .before(let time): entry.time < time
        case .text(let text): entry.contains(text)
        }
    }
}

extension Meaning {
    fileprivate var isOutOfBand: Bool {
        if case .command(_, true) = subject { true } else { command?.isOutOfBand == true }
    }

    /// The client's word for it, and what was sent in its place.
    fileprivate func commandNames(match glob: Glob) -> Bool {
        if case .command(let name, _) = subject, glob.matches(name) { return true }
        return [command?.name, command?.replacement].contains { $0.map { glob.matches($0) } ?? false }
    }
}

extension Entry {
    private var content: Content? {
        switch kind {
        case .received(let content), .sent(let content): content
        case .verdict(_, let content): content
        case .opened, .closed, .mark, .gap, .other: nil
        }
    }

    /// What bytes that were no valid document were answered with.
    fileprivate var answer: String? {
        switch content {
        case .invalid(_, let error), .withheld(_, let error): error
        case .message, .sameAsMonitor, nil: nil
        }
    }

    fileprivate var isRedacted: Bool {
        if case .withheld = content { true } else { !redacted.isEmpty }
    }

    /// Whether a text stands in what people may read of the entry.
    fileprivate func contains(_ text: String) -> Bool {
        let wanted = Bytes(text: text)
        switch kind {
        case .opened(let peer): return Bytes(text: peer).contains(wanted)
        case .closed(let reason): return Bytes(text: reason).contains(wanted)
        case .mark(let mark, _): return Bytes(text: mark).contains(wanted)
        case .verdict(let verdict, _) where Bytes(text: verdict).contains(wanted): return true
        case .other(_, let line): return line.contains(wanted)
        case .gap: return false
        case .received, .sent, .verdict: break
        }
        switch content {
        case .message(let message, _): return message.whole.contains(wanted)
        case .sameAsMonitor(let id): return id?.contains(wanted) ?? false
        case .invalid(let bytes, let error):
            return bytes.contains(wanted) || error.map { Bytes(text: $0).contains(wanted) } ?? false
        case .withheld(_, let error): return error.map { Bytes(text: $0).contains(wanted) } ?? false
        case nil: return false
        }
    }
}

extension Bytes {
    fileprivate func contains(_ wanted: Bytes) -> Bool {
        withUnsafeBytes { bytes in
            wanted.withUnsafeBytes { wanted in
                csupport_find_bytes(bytes.baseAddress, bytes.count, wanted.baseAddress, wanted.count) >= 0
            }
        }
    }
}

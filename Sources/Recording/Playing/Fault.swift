public import QMP

/// Something that goes wrong on purpose, so that a client's way with it can be tested: `PATTERN #COUNT @TIME: ACTION`.
///
/// `query-*: delay 500ms`, `device_add #1: error DeviceNotFound no bus`, `stop #3+ @10s: silence`, `@10s: drop`.
public struct Fault: Sendable, Equatable {
    /// What keeps a text from being a fault.
    public struct Malformed: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong with it, and what is wanted.
        public let description: String
    }

    /// What happens to a command.
    public enum Action: Sendable, Equatable {
        /// Its reply comes so much later.
        case delay(Duration)
        /// It is never answered.
        case silence
        /// It fails.
        case error(ProtocolError)
        /// The connection is closed in place of a reply; without a pattern for names, at the fault's time.
        case drop
    }

    /// The names of the commands that it is for; `nil` if it comes by itself.
    public let names: Glob?
    /// Which of them, counted from 1; `nil` is each.
    public let counts: ClosedRange<Int>?
    /// How long after the first client has negotiated it begins.
    public let after: Duration
    /// What happens.
    public let action: Action

    /// Reads a fault.
    ///
    /// - Throws: ``Malformed``, which names what is wrong and what is wanted.
    public init(parsing text: String) throws(Malformed) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else {
            throw Malformed(text, "a fault is PATTERN #COUNT @TIME: ACTION, such as 'query-*: delay 500ms'")
        }
        var names: Glob?
        var counts: ClosedRange<Int>?
        var after: Duration?
        for word in Self.words(halves[0]) {
            if word.first == "#", counts == nil {
                counts = try Self.counts(word.dropFirst(), in: text)
            } else if word.first == "@", after == nil {
                after = try Self.duration(word.dropFirst(), in: text)
            } else if names == nil, counts == nil, after == nil {
                names = Glob(String(word))
            } else {
                throw Malformed(text, "'\(word)' is not expected: PATTERN #COUNT @TIME is, in this order, each once")
            }
        }
        action = try Self.action(halves[1], in: text)
        guard names != nil || (after != nil && counts == nil) else {
            throw Malformed(text, "a pattern for the names of commands is wanted, such as 'query-*'")
        }
        self.names = names ?? (action == .drop ? nil : Glob("*"))
        self.counts = counts
        self.after = after ?? .zero
    }

    private static func words(_ text: Substring) -> [Substring] {
        text.split { $0 == " " || $0 == "\t" }
    }

    private static func counts(_ text: Substring, in whole: String) throws(Malformed) -> ClosedRange<Int> {
        let isOpen = text.last == "+"
        let digits = isOpen ? text.dropLast() : text
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(digits), count > 0 else {
            throw Malformed(whole, "'#\(text)' is no count: #3 is the third such command, #3+ all from it on")
        }
        return isOpen ? count...Int.max : count...count
    }

    private static func duration(_ text: some StringProtocol, in whole: String) throws(Malformed) -> Duration {
        guard let duration = Quantity.duration(String(text)), duration <= PlaybackSettings.delayMax else {
            throw Malformed(whole, "'\(text)' is no time: a number and its unit are wanted, such as 500ms or 10s")
        }
        return duration
    }

    private static func action(_ text: Substring, in whole: String) throws(Malformed) -> Action {
        let words = words(text)
        switch (words.first, words.count) {
        case ("delay", 2): return .delay(try duration(words[1], in: whole))
        case ("silence", 1): return .silence
        case ("drop", 1): return .drop
        case ("error", 2...):
            guard let errorClass = ProtocolError.Class(rawValue: String(words[1])) else {
                let known = ProtocolError.Class.allCases.map(\.rawValue).joined(separator: ", ")
                throw Malformed(whole, "QEMU has no error class '\(words[1])': there are \(known)")
            }
            let description = text[words[1].endIndex...].drop { $0 == " " || $0 == "\t" }
            return .error(ProtocolError(errorClass, description.isEmpty ? "A fault on purpose" : String(description)))
        default:
            throw Malformed(
                whole,
                "'\(text.drop { $0 == " " })' is none of: delay TIME, silence, error CLASS TEXT, drop"
            )
        }
    }
}

extension Fault.Malformed {
    fileprivate init(_ text: String, _ what: String) {
        description = "\"\(text)\" is no fault: \(what)"
    }
}

/// The faults of a playback, and which of them have come.
struct FaultPlan: Sendable {
    private let faults: [Fault]
    /// How many commands each was for.
    private var counts: [Int]
    private var started: Instant?

    init(_ faults: [Fault]) {
        self.faults = faults
        counts = Array(repeating: 0, count: faults.count)
    }

    /// A client has negotiated: times count from the first time on.
    mutating func start(at now: Instant) {
        if started == nil { started = now }
    }

    /// What happens to a command; it counts for every fault that it fits.
    mutating func action(for name: String, at now: Instant) -> Fault.Action? {
        var action: Fault.Action?
        for (index, fault) in faults.enumerated() {
            let hasBegun = fault.after == .zero || started.map { now >= $0 + fault.after } ?? false
            guard hasBegun, fault.names?.matches(name) ?? false else { continue }
            counts[index] += 1
            if action == nil, fault.counts?.contains(counts[index]) ?? true { action = fault.action }
        }
        return action
    }

    /// When a connection is next dropped without anybody's doing.
    var nextDrop: Instant? {
        guard let started else { return nil }
        return faults.indices.lazy.filter { faults[$0].names == nil && counts[$0] == 0 }
            .map { started + faults[$0].after }.min()
    }

    /// That has happened.
    mutating func dropped(at due: Instant) {
        guard let started else { return }
        for index in faults.indices where faults[index].names == nil && started + faults[index].after <= due {
            counts[index] = 1
        }
    }
}

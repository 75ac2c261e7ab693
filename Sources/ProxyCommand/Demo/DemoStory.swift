internal import PluginKit
internal import QMP
internal import Recording

/// What both recordings of a demonstration tell, in lines for a person, and whether it is what it should be.
struct DemoStory {
    /// How far it is.
    enum Chapter {
        /// The two are no pair yet.
        case beginning
        /// COLO runs.
        case paired
        /// The primary is dead.
        case broken
        /// The secondary of before goes on alone.
        case alone
        /// COLO runs again, the other way round.
        case again
    }

    /// The primary, and the secondary that becomes one.
    static let hosts = ["a", "b"]
    private static let survivor = "b"
    /// Characters of a line that an injected command has, at least; replies stand behind them.
    private static let columns = 64
    /// Characters of a command's arguments that are shown.
    private static let argumentsMax = 60

    private let isColoured: Bool
    private(set) var chapter = Chapter.beginning
    /// What went otherwise than it should.
    private(set) var failure: String?
    /// The state of each host's plugin.
    private var states: [String: String] = [:]
    /// What was injected and is not answered, by host and number.
    private var injected: [String: [Int: String]] = [:]
    private var stoppedAt: [String: Instant] = [:]
    private var figure = Figure()

    /// When what happened, on the proxies' clock.
    private struct Figure {
        var exit: Instant?
        var first: (number: Int, sent: Instant)?
        var firstAnswered: Instant?
        var alone: Instant?
        var partner: Instant?
        var again: Instant?
        var commands = 0
    }

    init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    /// What comes next, if all goes well.
    var wanted: String {
        switch chapter {
        case .beginning: "both sides paired"
        case .paired: "the death of the primary"
        case .broken: "the end of the failover"
        case .alone: "a pair again"
        case .again: "nothing"
        }
    }

    // MARK: - What happens

    /// Takes what stands next in the recording of a host's proxy.
    ///
    /// - Returns: lines for a person, or nothing.
    mutating func take(_ entry: Entry, _ meaning: Meaning, of host: String) -> String {
        switch (entry.place, entry.kind) {
        case (.monitor, .received(.message(let message, _))):
            return received(message.joined, meaning, entry, host)
        case (.monitor, .sent(.message(let message, _))): return sent(message.joined, meaning, entry, host)
        case (.monitor, .closed(let reason)): return line(entry, host, "QEMU is gone: \(reason)", .trouble)
        case (.plugin, .mark(let text, _)): return marked(text, entry, host)
        default: return ""
        }
    }

    private mutating func received(_ message: Bytes, _ meaning: Meaning, _ entry: Entry, _ host: String) -> String {
        switch meaning.subject {
        case .greeting:
            if figure.exit != nil, host != Self.survivor { figure.partner = entry.time }
            let what = chapter == .beginning ? "" : ", a new one, to be the secondary"
            return line(entry, host, "QEMU is there\(what)", .plain)
        case .event(let name): return happened(name, message, entry, host)
        case .reply: return replied(message, meaning, entry, host)
        default: return ""
        }
    }

    private mutating func happened(_ name: String, _ message: Bytes, _ entry: Entry, _ host: String) -> String {
        var headline = ""
        switch (name, chapter) {
        case ("STOP", .paired), ("STOP", .again):
            stoppedAt[host] = entry.time
            return ""
        case ("RESUME", .paired), ("RESUME", .again):
            guard let stopped = stoppedAt.removeValue(forKey: host) else { return "" }
            return line(entry, host, "a checkpoint: the guest stood for \(time(from: stopped, to: entry.time))", .dim)
        case ("MIGRATION_PASS", _), ("JOB_STATUS_CHANGE", _), ("STOP", .beginning), ("RESUME", .beginning): return ""
        case ("COLO_EXIT", .paired) where host == Self.survivor:
            chapter = .broken
            figure.exit = entry.time
            headline = title("The primary is dead: QEMU leaves COLO, and the plugin sees it")
        default: break
        }
        let data = (try? JSONValue(parsing: message))?["data"].map { " \($0.written().text)" } ?? ""
        return headline + line(entry, host, "event \(name)\(data)", .event)
    }

    private mutating func sent(_ message: Bytes, _ meaning: Meaning, _ entry: Entry, _ host: String) -> String {
        guard meaning.plugin != nil, let number = entry.command, let name = meaning.command?.name else { return "" }
        if chapter == .broken, host == Self.survivor, figure.first == nil { figure.first = (number, entry.time) }
        guard !name.hasPrefix("query-"), name != "qom-list" else { return "" }
        injected[host, default: [:]][number] = name + arguments(of: message)
        if chapter == .broken { figure.commands += 1 }
        return ""
    }

    /// The arguments of a command, cut if they are long; an id comes first, since it tells the most.
    private func arguments(of message: Bytes) -> String {
        guard let members = (try? JSONValue(parsing: message))?["arguments"]?.object else { return "" }
        let id = members.first { $0.key == "id" }?.value.string.map { " \($0)" } ?? ""
        let rest = members.filter { $0.key != "id" }
        let text = rest.isEmpty ? "" : " \(JSONValue.object(rest).written().text)"
        return id + (text.count > Self.argumentsMax ? "\(text.prefix(Self.argumentsMax))…" : text)
    }

    private mutating func replied(_ message: Bytes, _ meaning: Meaning, _ entry: Entry, _ host: String) -> String {
        guard let number = entry.command else { return "" }
        if host == Self.survivor, number == figure.first?.number { figure.firstAnswered = entry.time }
        guard let command = injected[host]?.removeValue(forKey: number) else { return "" }
        let reply = try? JSONValue(parsing: message)
        let value = reply?["return"] ?? reply?["error"] ?? .null
        if let told = meaning.failure, states[host] != "lost" {
            failure = "\(host): \(command) has failed: \(told.description)"
        }
        let padding = String(repeating: " ", count: max(0, Self.columns - command.count))
        let latency = meaning.latency.map { time(microseconds: $0) } ?? ""
        return line(entry, host, "> \(command)\(padding)  \(value.written().text)  \(latency)", .remark)
    }

    private mutating func marked(_ text: String, _ entry: Entry, _ host: String) -> String {
        let parts = text.split(separator: " -> ", maxSplits: 1)
        guard parts.count == 2, let state = parts[1].split(separator: ":").first.map(String.init) else {
            return line(entry, host, text, .remark)
        }
        states[host] = state
        // Who hears that the other side goes on before its QEMU is seen to be dead says that it has lost: so it has.
        if state == "failed" || state == "lost" && host == Self.survivor { failure = "\(host): \(text)" }
        var headline = ""
        switch (chapter, state) {
        case (.beginning, "paired") where isPaired:
            chapter = .paired
            headline = title("A pair that is well: \(Self.hosts[0]) is the primary, \(Self.hosts[1]) the secondary")
        case (.broken, "alone"):
            chapter = .alone
            figure.alone = entry.time
            headline = title("\(host) goes on alone, and looks for a new partner")
        case (.alone, "paired") where isPaired:
            chapter = .again
            figure.again = entry.time
        default: break
        }
        return line(entry, host, text, .remark) + headline
    }

    private var isPaired: Bool { Self.hosts.allSatisfy { states[$0] == "paired" } }
}

// MARK: - Text

extension DemoStory {
    /// How a line stands out on a terminal (ECMA-48, 8.3.117).
    private enum Look: String {
        case plain = ""
        case bold = "\u{1B}[1m"
        case dim = "\u{1B}[2m"
        case trouble = "\u{1B}[31m"
        case event = "\u{1B}[33m"
        case remark = "\u{1B}[35m"
    }

    /// A line that says what begins.
    func title(_ text: String) -> String { "\(painted(text, .bold))\n" }

    private func line(_ entry: Entry, _ host: String, _ text: String, _ look: Look) -> String {
        let milliseconds = entry.time.microseconds / 1000
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        let seconds = "\(milliseconds / 1000).\(fraction)"
        let padding = String(repeating: " ", count: max(0, 9 - seconds.count))
        return "\(padding)\(seconds)  \(host)  \(painted(Readable.text(text), look))\n"
    }

    private func painted(_ text: String, _ look: Look) -> String {
        isColoured && look != .plain ? "\(look.rawValue)\(text)\u{1B}[0m" : text
    }

    /// The last lines: how long it took.
    var figures: String {
        guard let exit = figure.exit, let sent = figure.first?.sent, let answered = figure.firstAnswered,
            let alone = figure.alone, let again = figure.again
        else { return "" }
        let turn = sent == exit ? "in the same turn of the proxy's loop" : "after \(time(from: exit, to: sent))"
        let partner = figure.partner.map { ", a pair again \(time(from: $0, to: again)) after the new QEMU came" } ?? ""
        let first = "the first command was sent \(turn) and answered after \(time(from: exit, to: answered))"
        let whole = "\(figure.commands) commands, whole failover \(time(from: exit, to: alone))"
        return title("A pair again, the other way round") + "COLO_EXIT: \(first); \(whole)\(partner).\n"
    }

    private func time(from start: Instant, to end: Instant) -> String {
        time(microseconds: end.microseconds - start.microseconds)
    }

    private func time(microseconds: Int64) -> String {
        guard microseconds < 1_000_000 else { return "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10) s" }
        let hundredths = String(100 + microseconds / 10 % 100).dropFirst()
        return "\(microseconds / 1000).\(hundredths) ms"
    }
}

internal import PluginKit
internal import QMP

/// What becomes of commands and events in a simulated chain of plugins, as known from outside.
struct SimulatedChain: Sendable {
    /// A command as the plugins left it.
    struct Asked: Sendable {
        var bytes: Bytes
        var isOutOfBand: Bool
        var isReplaced = false
        /// Where the replacement's own id lies, if it has one.
        var id: Range<Int>?
        /// Whether one that takes no descriptors has stood in its place, so that they were closed.
        var hasLostDescriptors = false
    }

    /// A command that a plugin holds, or will.
    struct Held: Sendable {
        let place: Int
        let hold: SimulatedHold
        let asked: Asked
        /// Whether it is the plugin's own, which can only be answered.
        let isOwn: Bool
    }

    /// What becomes of a command.
    enum Fate: Sendable {
        /// It goes to the monitor.
        case forwarded(Asked)
        /// It is answered so.
        case answered(Answer)
        /// It waits for a plugin.
        case held(Held)
        /// It is answered with the proxy's status.
        case status
    }

    let judgements: [SimulatedJudgement]

    /// What becomes of a command once it has come to a place of the chain.
    func fate(of asked: Asked, from place: Int = 0) -> Fate {
        var asked = asked
        for judgement in judgements.dropFirst(place) {
            switch judgement.decision(on: asked.bytes, isOutOfBand: asked.isOutOfBand) {
            case .forward: continue
            case .replace(let command):
                guard let replaced = replace(asked, by: command) else { return refused(by: judgement.place) }
                asked = replaced
            case .answer(let answer): return .answered(answer)
            case .hold(let hold):
                return .held(Held(place: judgement.place, hold: hold, asked: asked, isOwn: false))
            }
        }
        return pass(asked)
    }

    /// What becomes of a held command that its plugin releases; `nil` if it may not so.
    func release(_ held: Held) -> Fate? {
        switch held.hold.release {
        case .answer(let answer): return .answered(answer)
        case .hold: return nil
        case .forward: return held.isOwn ? refused(by: held.place) : fate(of: held.asked, from: held.place + 1)
        case .replace(let command):
            guard !held.isOwn, let replaced = replace(held.asked, by: command) else { return refused(by: held.place) }
            return fate(of: replaced, from: held.place + 1)
        }
    }

    /// What becomes of a held command whose plugin is late.
    func late(_ held: Held) -> Fate {
        let isOpen = held.hold.late == .open && !held.isOwn
        return isOpen ? fate(of: held.asked, from: held.place + 1) : refused(by: held.place)
    }

    /// A replacement may not overtake, nor be overtaken.
    private func replace(_ asked: Asked, by command: Command) -> Asked? {
        guard command.isOutOfBand == asked.isOutOfBand else { return nil }
        let takesDescriptor = FakeMonitor.takesDescriptor((try? JSONValue(parsing: command.message.bytes)) ?? .null)
        return Asked(
            bytes: command.message.bytes,
            isOutOfBand: asked.isOutOfBand,
            isReplaced: true,
            id: command.message["id"]?.value,
            hasLostDescriptors: asked.hasLostDescriptors || !takesDescriptor
        )
    }

    private func refused(by place: Int) -> Fate {
        let error = "The plugin \(judgements[place].name) has given no usable verdict on the command in time"
        return .answered(.failure(ProtocolError(.generic, error)))
    }

    /// What no plugin objects to goes to the proxy itself, to a plugin, or to the monitor.
    private func pass(_ asked: Asked) -> Fate {
        guard let value = try? JSONValue(parsing: asked.bytes),
            let name = (value["execute"] ?? value["exec-oob"])?.string
        else { return .forwarded(asked) }
        switch name {
        case "__org.qmp-proxy_query-status": return .status
        case SimulatedPlugin.ownCommand where asked.isOutOfBand:
            return .answered(.failure(ProtocolError(.generic, "The command \(name) does not support OOB")))
        case SimulatedPlugin.ownCommand:
            // All are of one kind: its commands are the first one's.
            switch judgements[0].ownDecision(on: asked.bytes) {
            case .answer(let answer): return .answered(answer)
            case .hold(let hold): return .held(Held(place: 0, hold: hold, asked: asked, isOwn: true))
            case .forward, .replace: return .forwarded(asked)
            }
        default: return .forwarded(asked)
        }
    }

    // MARK: - What the monitor says

    /// What clients get of an event; `nil` if nothing.
    func remains(ofEvent bytes: Bytes, isPretty: Bool) -> Bytes? {
        var bytes = bytes
        for judgement in judgements {
            switch judgement.verdict(onEvent: bytes) {
            case .deliver: continue
            case .drop: return nil
            case .replace(let value):
                if value["event"] != nil { bytes = value.written(isPretty: isPretty) + [0x0D, 0x0A] }
            }
        }
        return bytes
    }

    /// What a client gets in the place of the reply to a command; `nil` if it gets the reply.
    func replacement(ofReplyTo bytes: Bytes) -> Answer? {
        var answer: Answer?
        for judgement in judgements {
            if case .replace(let other) = judgement.verdict(onReplyTo: bytes) { answer = other }
        }
        return answer
    }
}
